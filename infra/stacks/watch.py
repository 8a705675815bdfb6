"""Who watches: alarms, their topic, one page of graphs."""

from aws_cdk import App, Stack
from aws_cdk import Environment as Place

from infra.config import Environment
from infra.parts.alarms import Alarms
from infra.parts.dashboard import Dashboard
from infra.stacks.data import DataStack


class WatchStack(Stack):
    """`fugace-E-watch`. Everything works without it, unseen."""

    def __init__(self, app: App, environment: Environment, data: DataStack) -> None:
        super().__init__(
            app,
            environment.named("watch"),
            description=f"Fugace {environment.name}: alarms",
            env=Place(region=environment.region, account=environment.account),
            termination_protection=environment.retain,
        )
        alarms = Alarms(self, "Alarms", environment=environment, key=data.keys.services)
        Dashboard(self, "Dashboard", environment=environment, alarms=alarms)
