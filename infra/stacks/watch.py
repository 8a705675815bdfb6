"""Who watches: alarms, whom they wake, pages of graphs, questions to the logs."""

from aws_cdk import App, Stack
from aws_cdk import Environment as Place

from infra.config import Environment
from infra.parts.alarms import Alarms
from infra.parts.dashboards import Dashboards
from infra.parts.metrics import Metrics
from infra.parts.paging import Paging
from infra.parts.queries import Queries
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
        metrics = Metrics(self, environment)
        alarms = Alarms(self, "Alarms", environment=environment, metrics=metrics)
        paging = Paging(self, "Paging", environment=environment, key=data.keys.services, alarms=alarms)
        Dashboards(self, "Dashboards", metrics=metrics, paging=paging)
        Queries(self, "Queries", environment=environment)
