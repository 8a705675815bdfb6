"""How functions run, what they are told, and what wakes them."""

import json

import pytest

from fugace.adapters.dynamo.tables.messages import MessageItem
from infra.duties import DUTIES


def mapping(stacks, source, function=""):
    """The one event source mapping whose source names this; `function` where it wakes several."""
    (found,) = [
        each
        for each in stacks.properties("Lambda::EventSourceMapping")
        if source in json.dumps(each["EventSourceArn"]).lower()
        and function in {"", stacks.called(each["FunctionName"])}
    ]
    return found


@pytest.mark.parametrize("name", DUTIES)
def test_functions_run_as_measured(example, name):
    """Runtime and architecture are those that the layer is built for."""
    found = example.function(name)

    assert found["Runtime"] == "python3.13"
    assert found["Architectures"] == ["arm64"]
    assert found["MemorySize"] == {"export": 1024, "depart": 2048}.get(name, 512)
    assert found["Timeout"] == DUTIES[name].seconds
    assert found["Handler"] == DUTIES[name].handler
    assert len(found["Layers"]) == 1


@pytest.mark.parametrize("name", DUTIES)
def test_no_snapshot_no_trace_no_default_log_group(example, name):
    """A snapshot would hold keys; a trace, and a log group that Lambda makes, are kept as long as it pleases AWS."""
    found = example.function(name)

    assert "SnapStart" not in found
    assert "TracingConfig" not in found
    log = example.one("Logs::LogGroup", LogGroupName=f"/fugace/example/{name}")
    assert found["LoggingConfig"]["LogFormat"] == "JSON"
    assert found["LoggingConfig"]["SystemLogLevel"] == "WARN"
    names = {group: each["Properties"] for group, each in example.resources("Logs::LogGroup")}
    assert names[found["LoggingConfig"]["LogGroup"]["Ref"]] is log


def test_clients_that_wait_are_answered_before_the_gateway_gives_up(example):
    """29 seconds: later the client has an error and the function goes on."""
    for name in ("auth", "keys", "send", "receive", "webhooks", "retention", "requests"):
        assert example.function(name)["Timeout"] <= 29


def test_log_groups_are_ours_and_end(example):
    """A log group without retention is kept for ever."""
    groups = example.properties("Logs::LogGroup")

    assert len(groups) == len(DUTIES) + 1
    for each in groups:
        assert each["RetentionInDays"] == (365 if each["LogGroupName"] == "/fugace/example/api" else 30)
        assert "KeysServices" in json.dumps(each["KmsKeyId"])
        assert each["LogGroupName"].startswith("/fugace/example/")


def told(stacks, name):
    return stacks.function(name)["Environment"]["Variables"]


def test_functions_are_told_what_they_need_and_no_more(example):
    """A variable that a function does not need is a thing that it could use."""
    always = {
        "FUGACE_ENVIRONMENT",
        "AWS_CA_BUNDLE",
        "POWERTOOLS_SERVICE_NAME",
        "POWERTOOLS_METRICS_NAMESPACE",
        "POWERTOOLS_LOG_LEVEL",
    }
    vault = {"TENANTS_TABLE", "SUBJECT_KEYS_TABLE"}
    timer = {"CARRIERS", "NOTIFY_QUEUE", "SCHEDULE_GROUP", "SCHEDULE_ROLE"}

    assert {name: set(told(example, name)) - always for name in DUTIES} == {
        "auth": {"TENANTS_TABLE", "PURGE_TABLE", "PLANS"},
        "keys": {"TENANTS_TABLE", "PURGE_TABLE"},
        "send": vault | {"MESSAGES_TABLE", "CARRIERS"},
        "relay": timer,
        "dispatch": vault | timer | {"MESSAGES_TABLE", "PUBLIC_URL"},
        "receive": vault | {"MESSAGES_TABLE", "CARRIERS", "RECEIPTS_QUEUE"},
        "webhooks": vault | {"MESSAGES_TABLE", "NOTIFY_QUEUE", "WEBHOOK_EXCEPTIONS"},
        "receipts": {"MESSAGES_TABLE"},
        "notify": vault | timer | {"MESSAGES_TABLE", "WEBHOOK_EXCEPTIONS"},
        "reconcile": {"TENANTS_TABLE", "MESSAGES_TABLE", "CARRIERS"},
        "retention": vault
        | {"MESSAGES_TABLE", "CASES_TABLE", "PURGE_TABLE", "LEDGER_TABLE", "LEDGER_BUCKET", "SWEEP_QUEUE"},
        "plan": {"TENANTS_TABLE", "PURGE_TABLE", "SWEEP_QUEUE"},
        "sweep": vault
        | {"MESSAGES_TABLE", "PURGE_TABLE", "LEDGER_TABLE", "CASES_TABLE", "EXPORTS_BUCKET", "SWEEP_QUEUE"},
        "tally": {"TENANTS_TABLE", "PURGE_TABLE"},
        "checkpoint": {"LEDGER_TABLE", "LEDGER_BUCKET", "LEDGER_KEY"},
        "requests": vault
        | {"CASES_TABLE", "LEDGER_TABLE", "PURGE_TABLE", "EXPORTS_BUCKET", "REQUEST_MACHINE", "CERTIFICATE_KEY"}
        | {"CALLBACK_QUEUE", "PUBLIC_URL", "WAITING", "WEBHOOK_EXCEPTIONS"},
        "settle": vault | {"CASES_TABLE", "LEDGER_TABLE", "PURGE_TABLE", "CALLBACK_QUEUE", "WAITING", "LEAVE_WAITING"},
        "verify": vault | {"MESSAGES_TABLE", "CASES_TABLE"},
        "export": vault
        | {"MESSAGES_TABLE", "CASES_TABLE", "LEDGER_TABLE", "PURGE_TABLE", "EXPORTS_BUCKET", "CARRIERS"},
        "erase": vault
        | timer
        | {"MESSAGES_TABLE", "CASES_TABLE", "LEDGER_TABLE", "PURGE_TABLE", "EXPORTS_BUCKET", "SWEEP_QUEUE"},
        "depart": vault
        | {"MESSAGES_TABLE", "CASES_TABLE", "LEDGER_TABLE", "PURGE_TABLE", "EXPORTS_BUCKET", "CARRIERS"},
        "leave": vault | timer | {"MESSAGES_TABLE", "CASES_TABLE", "LEDGER_TABLE", "PURGE_TABLE", "EXPORTS_BUCKET"},
        "recall": {"CASES_TABLE", "CARRIERS"},
        "amend": vault | {"MESSAGES_TABLE", "CASES_TABLE", "LEDGER_TABLE", "PURGE_TABLE", "SWEEP_QUEUE"},
        "certify": {"CASES_TABLE", "LEDGER_TABLE", "CERTIFICATE_KEY", "CARRIERS"},
        "watch": {"TENANTS_TABLE", "CASES_TABLE", "REQUEST_MACHINE", "CALLBACK_QUEUE"},
        "restore": {"TENANTS_TABLE", "MESSAGES_TABLE", "SUBJECT_KEYS_TABLE", "CASES_TABLE"}
        | {"LEDGER_TABLE", "PURGE_TABLE"},
        "callback": {"CASES_TABLE", "CERTIFICATE_KEY", "CALLBACK_QUEUE", "PUBLIC_URL", "WEBHOOK_EXCEPTIONS"},
    }
    for name in DUTIES:
        assert always <= set(told(example, name)), name


def test_no_function_is_told_a_secret(example):
    """Variables are shown to whoever may look at a function: they name secrets, they do not hold any."""
    text = json.dumps(told(example, "dispatch")["CARRIERS"])

    assert "fugace/example/carrier/simulator" in text
    for name in DUTIES:
        assert not [key for key in told(example, name) if "AWS_ENDPOINT" in key or "PASSWORD" in key or "TOKEN" in key]


def test_nobody_may_call_private_addresses_on_aws(example, laptop):
    """The sink of a laptop is one; anywhere else an exception is a way into the network."""
    for name in ("notify", "webhooks"):
        assert told(example, name)["WEBHOOK_EXCEPTIONS"] == ""
        assert told(laptop, name)["WEBHOOK_EXCEPTIONS"] == "http://127.0.0.1:4571"


def packed(stacks, name):
    """The files in a function's asset."""
    key = (
        stacks.function(name)["Code"]["S3Key"]["Fn::Sub"]
        if isinstance(stacks.function(name)["Code"]["S3Key"], dict)
        else stacks.function(name)["Code"]["S3Key"]
    )
    folder = stacks.folder / f"asset.{key.removesuffix('.zip')}"
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", DUTIES)
def test_a_function_is_packed_with_its_own_room_under_the_path_of_the_repository(example, name):
    """One import path everywhere; and code that is not there cannot be called. Bytecode goes along."""
    room = DUTIES[name].room

    assert packed(example, name) == {
        "functions/__init__.py",
        f"functions/{room}/handler.py",
        f"functions/{room}/__pycache__/handler.cpython-313.pyc",
    }


# --- what wakes them ----------------------------------------------------------------------------


def test_the_relay_is_woken_by_what_is_written_and_gives_up_before_the_stream_forgets(example):
    """A poisoned record is cut out and put aside; the stream keeps it for 24 hours, and never blocks for longer."""
    found = mapping(example, "stream", "relay")

    assert found["BatchSize"] == 100
    assert found["BisectBatchOnFunctionError"] is True
    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert 0 < found["MaximumRecordAgeInSeconds"] < 24 * 3600
    assert 0 < found["MaximumRetryAttempts"] <= 1000
    assert found["StartingPosition"] == "TRIM_HORIZON"
    assert "relayfailures" in json.dumps(found["DestinationConfig"]["OnFailure"])
    (pattern,) = found["FilterCriteria"]["Filters"]
    assert json.loads(pattern["Pattern"]) == {"eventName": ["INSERT", "MODIFY"]}


def test_a_stream_wakes_two_functions_and_no_third(example):
    """DynamoDB lets a shard be read by two at once; a third slows all of them down."""
    sources = [json.dumps(each["EventSourceArn"]) for each in example.properties("Lambda::EventSourceMapping")]

    assert len([source for source in sources if "Stream" in source]) == 2


def test_the_tally_is_woken_by_what_has_gone_and_tried_for_almost_a_day(example, laptop):
    """Rows, whoever deleted them, and texts. Nothing counts them afterwards: the ledger would lack them for good."""
    found = mapping(example, "stream", "tally")

    assert found["BatchSize"] == 1000
    assert found["MaximumBatchingWindowInSeconds"] == 10
    assert mapping(laptop, "stream", "tally")["MaximumBatchingWindowInSeconds"] == 0
    assert found["BisectBatchOnFunctionError"] is True
    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert 12 * 3600 < found["MaximumRecordAgeInSeconds"] < 24 * 3600
    assert found["StartingPosition"] == "TRIM_HORIZON"
    assert "tallyfailures" in json.dumps(found["DestinationConfig"]["OnFailure"])
    patterns = [json.loads(each["Pattern"]) for each in found["FilterCriteria"]["Filters"]]
    assert patterns == [
        {"eventName": ["REMOVE"]},
        {
            "eventName": ["MODIFY"],
            "dynamodb": {
                "OldImage": {"text": {"B": [{"exists": True}]}},
                "NewImage": {"text": {"B": [{"exists": False}]}},
            },
        },
    ]


def test_the_tally_is_asked_for_the_text_as_it_is_stored(example):
    """`exists` is asked of leaves, so name and type have to be those of the row; by another it would never fit."""
    text = MessageItem.get_attributes()["text"]
    pattern = json.loads(mapping(example, "stream", "tally")["FilterCriteria"]["Filters"][1]["Pattern"])

    for image in ("OldImage", "NewImage"):
        assert list(pattern["dynamodb"][image]) == [text.attr_name]
        assert list(pattern["dynamodb"][image][text.attr_name]) == [text.attr_type]


@pytest.mark.parametrize(
    ("queue", "function", "concurrency", "batch"),
    [
        ("carriersimulatorqueue", "dispatch", 2, 10),
        ("carriersimulatoraccountqueue", "dispatch", 20, 10),
        ("queuenotify", "notify", 20, 10),
        ("queuereceipts", "receipts", 5, 10),
        ("queuesweep", "sweep", 10, 1),
        ("queuecallbacks", "callback", 5, 10),
    ],
)
def test_queues_wake_their_functions_so_many_at_once(example, queue, function, concurrency, batch):
    """A carrier is not called more often than it allows; a failed body does not bring its batch back.

    A sweep may need all of its time for one body: a second in its hand would be hidden for half an hour.
    """
    found = mapping(example, queue)

    assert found["BatchSize"] == batch
    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert found["ScalingConfig"] == {"MaximumConcurrency": concurrency}
    assert example.called(found["FunctionName"]) == function


def test_only_who_repeats_by_design_is_spared_lambdas_loop_detection(example):
    """It stops a function that wakes itself by a queue after 16 rounds: a carrier may be down for longer."""
    allowed = {name for name in DUTIES if example.function(name)["RecursiveLoop"] == "Allow"}

    assert allowed == {"dispatch", "notify", "sweep", "callback"}


def test_reconcile_runs_every_five_minutes_and_a_missed_run_is_seen(example):
    """Messages that the stream lost are found by it alone."""
    found = schedule(example, "reconcile")

    assert found["ScheduleExpression"] == "rate(5 minutes)"
    assert found["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] <= 300
    assert invoked(example, "reconcile")["MaximumRetryAttempts"] == 0


def test_the_purge_is_planned_four_times_an_hour(example):
    """Whatever is over has to be gone within one: a plan of every hour would begin too late."""
    found = schedule(example, "plan")

    assert found["ScheduleExpression"] == "rate(15 minutes)"
    assert found["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] <= 900
    assert invoked(example, "plan")["MaximumRetryAttempts"] == 0


def test_the_ledger_is_signed_every_night_and_a_run_that_failed_is_repeated(example):
    """The next night is a day away. In UTC, as the days that it signs are."""
    found = schedule(example, "checkpoint")

    assert found["ScheduleExpression"] == "cron(20 0 * * ? *)"
    assert "ScheduleExpressionTimezone" not in found
    assert invoked(example, "checkpoint")["MaximumRetryAttempts"] == 2


def test_requests_are_looked_at_four_times_an_hour(example, laptop):
    """What failed is taken up again within the hour, and nobody is warned of a deadline too late."""
    found = schedule(example, "watch")

    assert found["ScheduleExpression"] == "rate(15 minutes)"
    assert schedule(laptop, "watch")["ScheduleExpression"] == "rate(1 minute)"
    assert found["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] <= 900
    assert invoked(example, "watch")["MaximumRetryAttempts"] == 0


@pytest.mark.parametrize("name", ["reconcile", "plan", "watch", "checkpoint"])
def test_a_run_that_could_not_be_begun_is_seen(example, name):
    """And a late one does not meet the next."""
    found = schedule(example, name)

    assert found["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert found["GroupName"] == "fugace-example"
    assert found["Target"]["Input"] == "{}"
    assert f"{name}dead" in found["Target"]["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0]
    assert example.called(found["Target"]["Arn"]) == name
    assert (
        invoked(example, name)["MaximumEventAgeInSeconds"] == found["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"]
    )


def test_these_are_all_the_schedules(example):
    """One more is one more thing that happens by itself."""
    names = {each["Name"] for each in example.properties("Scheduler::Schedule")}

    assert names == {"reconcile", "plan", "watch", "checkpoint"}


def schedule(stacks, name):
    return stacks.one("Scheduler::Schedule", Name=name)


def invoked(stacks, name):
    """How a function is invoked by who does not wait for it."""
    (found,) = [
        each for each in stacks.properties("Lambda::EventInvokeConfig") if stacks.called(each["Qualifier"]) == name
    ]
    return found
