"""What must outlive every deployment: keys, tables, the ledger's checkpoints, and archives for persons."""

from aws_cdk import App, Stack
from aws_cdk import Environment as Place

from infra.config import Environment
from infra.parts.certificates import Certificates
from infra.parts.checkpoints import Checkpoints
from infra.parts.exports import Exports
from infra.parts.keys import Keys
from infra.parts.storage import Storage


class DataStack(Stack):
    """`fugace-E-data`. Where data are retained, the stack cannot be deleted by mistake either."""

    def __init__(self, app: App, environment: Environment) -> None:
        super().__init__(
            app,
            environment.named("data"),
            description=f"Fugace {environment.name}: keys, tables, buckets",
            env=Place(region=environment.region, account=environment.account),
            termination_protection=environment.retain,
        )
        self.keys = Keys(self, "Keys", environment=environment)
        self.storage = Storage(self, "Storage", environment=environment, key=self.keys.services)
        self.checkpoints = Checkpoints(self, "Checkpoints", environment=environment, services=self.keys.services)
        self.certificates = Certificates(self, "Certificates", environment=environment)
        self.exports = Exports(self, "Exports", environment=environment, services=self.keys.services)
