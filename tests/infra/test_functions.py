"""How functions run, what they are told, and what wakes them."""

import json

import pytest

from infra.duties import DUTIES


def mapping(stacks, source):
    """The one event source mapping whose source names this."""
    (found,) = [
        each
        for each in stacks.properties("Lambda::EventSourceMapping")
        if source in json.dumps(each["EventSourceArn"]).lower()
    ]
    return found


@pytest.mark.parametrize("name", DUTIES)
def test_functions_run_as_measured(example, name):
    """Runtime and architecture are those that the layer is built for."""
    found = example.function(name)

    assert found["Runtime"] == "python3.13"
    assert found["Architectures"] == ["arm64"]
    assert found["MemorySize"] == 512
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
    for name in ("auth", "keys", "send", "receive", "webhooks"):
        assert example.function(name)["Timeout"] <= 29


def test_log_groups_are_ours_and_end(example):
    """A log group without retention is kept for ever."""
    groups = example.properties("Logs::LogGroup")

    assert len(groups) == len(DUTIES) + 1
    for each in groups:
        assert each["RetentionInDays"] == 30
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
        "auth": {"TENANTS_TABLE"},
        "keys": {"TENANTS_TABLE"},
        "send": vault | {"MESSAGES_TABLE", "CARRIERS"},
        "relay": timer,
        "dispatch": vault | timer | {"MESSAGES_TABLE", "PUBLIC_URL"},
        "receive": vault | {"MESSAGES_TABLE", "CARRIERS", "RECEIPTS_QUEUE"},
        "webhooks": vault | {"MESSAGES_TABLE", "NOTIFY_QUEUE", "WEBHOOK_EXCEPTIONS"},
        "receipts": {"MESSAGES_TABLE"},
        "notify": vault | timer | {"MESSAGES_TABLE", "WEBHOOK_EXCEPTIONS"},
        "reconcile": {"TENANTS_TABLE", "MESSAGES_TABLE", "CARRIERS"},
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
    found = mapping(example, "stream")

    assert found["BatchSize"] == 100
    assert found["BisectBatchOnFunctionError"] is True
    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert 0 < found["MaximumRecordAgeInSeconds"] < 24 * 3600
    assert 0 < found["MaximumRetryAttempts"] <= 1000
    assert found["StartingPosition"] == "TRIM_HORIZON"
    assert "relayfailures" in json.dumps(found["DestinationConfig"]["OnFailure"])
    (pattern,) = found["FilterCriteria"]["Filters"]
    assert json.loads(pattern["Pattern"]) == {"eventName": ["INSERT", "MODIFY"]}


@pytest.mark.parametrize(
    ("queue", "function", "concurrency"),
    [
        ("carriersimulatorqueue", "dispatch", 2),
        ("carriersimulatoraccountqueue", "dispatch", 20),
        ("queuenotify", "notify", 20),
        ("queuereceipts", "receipts", 5),
    ],
)
def test_queues_wake_their_functions_so_many_at_once(example, queue, function, concurrency):
    """A carrier is not called more often than it allows; a failed body does not bring its batch back."""
    found = mapping(example, queue)

    assert found["BatchSize"] == 10
    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert found["ScalingConfig"] == {"MaximumConcurrency": concurrency}
    assert found["FunctionName"]["Ref"].startswith(function)


def test_only_who_repeats_by_design_is_spared_lambdas_loop_detection(example):
    """It stops a function that wakes itself by a queue after 16 rounds: a carrier may be down for longer."""
    allowed = {name for name in DUTIES if example.function(name)["RecursiveLoop"] == "Allow"}

    assert allowed == {"dispatch", "notify"}


def test_reconcile_runs_every_five_minutes_and_a_missed_run_is_seen(example):
    """Messages that the stream lost are found by it alone."""
    found = example.one("Scheduler::Schedule")

    assert found["ScheduleExpression"] == "rate(5 minutes)"
    assert found["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert found["GroupName"] == "fugace-example"
    assert found["Target"]["Input"] == "{}"
    assert "reconciledead" in found["Target"]["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0]
    assert found["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] <= 300
    assert example.one("Lambda::EventInvokeConfig")["MaximumRetryAttempts"] == 0
