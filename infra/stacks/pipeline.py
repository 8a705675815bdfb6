"""What works: queues, functions, the API, and the time that passes."""

import json

from aws_cdk import App, CfnOutput, Duration, Stack, aws_lambda
from aws_cdk import Environment as Place

from infra import config
from infra.config import Environment
from infra.duties import DUTIES
from infra.parts.access import Surroundings
from infra.parts.carrier import Carrier
from infra.parts.function import Function
from infra.parts.machine import WORKFLOWS, Machine, machine_arn
from infra.parts.plans import described
from infra.parts.pollers import poll_deletions, poll_outbox, poll_queue
from infra.parts.queues import Queue
from infra.parts.recurring import RHYTHMS, Recurring
from infra.parts.release import Release
from infra.parts.rest_api import RestApi
from infra.parts.timer import Timer
from infra.stacks.data import DataStack

AT_ONCE = {"notify": 20, "receipts": 5, "sweep": 10, "callbacks": 5}
"""Functions at once. A flood of webhooks, or of what is over, must not take the account's concurrency from the API."""

WOKEN = {"callbacks": "callback"}
"""The function that a queue wakes, where it has not the queue's own name."""

TOGETHER = {"sweep": 1}
"""Bodies a run, where they are not ten: a sweep may need all of its time for one, and others would wait in its hand."""


class PipelineStack(Stack):
    """`fugace-E-pipeline`. Holds no data but what is on its way, as ids; can be deleted and deployed again."""

    def __init__(self, app: App, environment: Environment, data: DataStack) -> None:
        super().__init__(
            app,
            environment.named("pipeline"),
            description=f"Fugace {environment.name}: queues, functions, API",
            env=Place(region=environment.region, account=environment.account),
            termination_protection=environment.retain,
        )
        self._environment, self._key = environment, data.keys.services
        self._carriers = [self._carrier(carrier) for carrier in environment.carriers]
        self._queues = {carrier.key: carrier.queue.queue for carrier in self._carriers}
        self._queues |= {name: self._queue(name, woken=WOKEN.get(name, name)).queue for name in AT_ONCE}
        self._queues |= {name: self._queue(name).queue for name in ("relay-failures", "tally-failures")}
        self._timer = Timer(
            self,
            "Timer",
            environment=environment,
            key=self._key,
            queues=[self._queues[name] for name in (*environment.carrier_queues, "notify")],
        )
        api = RestApi(self, "RestApi", environment=environment, key=self._key)
        self._functions = self._make_functions(data, api)
        api.open_to(self._functions)
        for name in WORKFLOWS:
            Machine(self, name, environment=environment, key=self._key, functions=self._functions)
        self._wake(data)
        if environment.release == "gradual":
            Release(self, "Release", environment=environment, functions=self._functions)
        CfnOutput(self, "ApiUrl", value=api.url, description="Where the API answers; paths are appended")

    def _carrier(self, carrier: config.Carrier) -> Carrier:
        return Carrier(
            self,
            f"Carrier-{carrier.name}",
            carrier=carrier,
            environment=self._environment,
            key=self._key,
            consumer=Duration.seconds(DUTIES["dispatch"].seconds),
        )

    def _queue(self, name: str, *, woken: str = "") -> Queue:
        consumer = Duration.seconds(DUTIES[woken].seconds) if woken else None
        return Queue(self, name, environment=self._environment, key=self._key, consumer=consumer)

    def _make_functions(self, data: DataStack, api: RestApi) -> dict[str, Function]:
        around = Surroundings(
            environment=self._environment,
            keys=data.keys,
            storage=data.storage,
            checkpoints=data.checkpoints,
            certificates=data.certificates,
            exports=data.exports,
            queues=self._queues,
            secrets=[carrier.secret_arn for carrier in self._carriers],
            timer=self._timer,
            machine=machine_arn(self, self._environment),
        )
        layer = aws_lambda.LayerVersion(
            self,
            "Layer",
            layer_version_name=self._environment.named(),
            description="Fugace: what the functions share",
            code=aws_lambda.Code.from_asset(str(self._environment.layer)),
            compatible_runtimes=[aws_lambda.Runtime.PYTHON_3_13],
            compatible_architectures=[aws_lambda.Architecture.ARM_64],
        )
        told = self._told(api, data)
        return {
            name: Function(self, name, duty=duty, around=around, layer=layer, told=told)
            for name, duty in DUTIES.items()
        }

    def _told(self, api: RestApi, data: DataStack) -> dict[str, str]:
        """Every environment variable there is; each function gets those of its row."""
        environment = self._environment
        return {
            "FUGACE_ENVIRONMENT": environment.name,
            "AWS_CA_BUNDLE": environment.ca_bundle,
            "POWERTOOLS_METRICS_NAMESPACE": "Fugace",
            "POWERTOOLS_LOG_LEVEL": "INFO",
            **{f"{name.upper().replace('-', '_')}_TABLE": environment.named(name) for name in data.storage.tables},
            "LEDGER_BUCKET": data.checkpoints.bucket.bucket_name,
            "EXPORTS_BUCKET": data.exports.bucket.bucket_name,
            "LEDGER_KEY": data.checkpoints.alias,
            "CERTIFICATE_KEY": data.certificates.alias,
            "REQUEST_MACHINE": machine_arn(self, environment),
            "WAITING": environment.waiting,
            "LEAVE_WAITING": environment.leave_waiting,
            "CARRIERS": self.to_json_string([carrier.described() for carrier in self._carriers]),
            "NOTIFY_QUEUE": self._queues["notify"].queue_url,
            "RECEIPTS_QUEUE": self._queues["receipts"].queue_url,
            "SWEEP_QUEUE": self._queues["sweep"].queue_url,
            "CALLBACK_QUEUE": self._queues["callbacks"].queue_url,
            "SCHEDULE_GROUP": self._timer.group.schedule_group_name,
            "SCHEDULE_ROLE": self._timer.role.role_arn,
            "PUBLIC_URL": api.url,
            "PLANS": json.dumps(described(environment.plans)),
            "WEBHOOK_EXCEPTIONS": " ".join(environment.webhook_exceptions),
        }

    def _wake(self, data: DataStack) -> None:
        functions = self._functions
        poll_outbox(
            self, table=data.storage.messages, relay=functions["relay"], failures=self._queues["relay-failures"]
        )
        poll_deletions(
            self,
            table=data.storage.messages,
            tally=functions["tally"],
            failures=self._queues["tally-failures"],
            window=Duration.seconds(self._environment.tally_seconds),
        )
        for carrier, configured in zip(self._carriers, self._environment.carriers, strict=True):
            poll_queue(
                self,
                f"Poll-{carrier.key}",
                queue=carrier.queue.queue,
                function=functions["dispatch"],
                concurrency=configured.concurrency,
            )
        for name, concurrency in AT_ONCE.items():
            poll_queue(
                self,
                f"Poll-{name}",
                queue=self._queues[name],
                function=functions[WOKEN.get(name, name)],
                concurrency=concurrency,
                batch=TOGETHER.get(name, 10),
            )
        for name in RHYTHMS:
            Recurring(
                self,
                name,
                environment=self._environment,
                key=self._key,
                function=functions[name],
                timer=self._timer,
            )
