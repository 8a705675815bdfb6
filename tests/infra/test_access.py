"""Who may do what: one role a function, named actions on named things, and keys that open nothing else."""

import json

import pytest

from infra.duties import DUTIES


def listed(value):
    return value if isinstance(value, list) else [value]


def statements(stacks, role):
    """A role's statements, those of policies attached to it included."""
    name = next(name for name, each in stacks.resources("IAM::Role") if each["Properties"] is role)
    attached = [each for each in stacks.properties("IAM::Policy") if {"Ref": name} in each.get("Roles", [])]
    documents = [each["PolicyDocument"] for each in [*role.get("Policies", []), *attached]]
    return [statement for document in documents for statement in document["Statement"]]


def granted(stacks, name):
    """Action and resource (as text) of everything a function may do."""
    return {
        (action, json.dumps(resource))
        for each in statements(stacks, stacks.role(name))
        for action in listed(each["Action"])
        for resource in listed(each["Resource"])
    }


def actions(stacks, name, service):
    return {action.split(":")[1] for action, _ in granted(stacks, name) if action.startswith(f"{service}:")}


def on_table(stacks, name, table):
    found = {action.split(":")[1] for action, resource in granted(stacks, name) if f"Storage{table}" in resource}
    return found & {action for action in found if action[0] in "BDGPQSU"}


def test_every_function_has_a_role_of_its_own(example):
    """What one may do, another may not."""
    roles = [json.dumps(each["Role"]) for each in example.properties("Lambda::Function")]

    assert len(roles) == len(set(roles)) == len(DUTIES)


def test_no_policy_says_star(example):
    """Neither any action nor any thing, nor everything but something."""
    roles = example.properties("IAM::Role")
    assert len(roles) > len(DUTIES)
    for role in roles:
        assert "ManagedPolicyArns" not in role
        for each in statements(example, role):
            assert each["Effect"] == "Allow"
            assert "NotAction" not in each
            assert "NotResource" not in each
            assert not [action for action in listed(each["Action"]) if "*" in action]
            assert "*" not in listed(each["Resource"])


def test_no_managed_policy_is_used_or_made(example):
    """AWS changes its own without asking."""
    assert not example.resources("IAM::ManagedPolicy", "IAM::User", "IAM::Group")
    assert "ManagedPolicyArns" not in json.dumps([each for _, each in example.resources()])


def test_a_star_at_the_end_stays_within_something_of_ours(example):
    """Schedules of our group, streams of our table, checkpoints, archives of tenants; log groups of the account."""
    allowed = (":schedule/fugace-example/*", "/stream/*", "/checkpoints/*", "/ten_*", ":log-group:*")
    for role in example.properties("IAM::Role"):
        for each in statements(example, role):
            for resource in map(json.dumps, listed(each["Resource"])):
                assert "*" not in resource or any(end in resource for end in allowed), resource


@pytest.mark.parametrize("name", DUTIES)
def test_services_of_aws_use_the_key_on_a_functions_behalf_only(example, name):
    """The right to decrypt a queue must not be a right to decrypt anything else."""
    keys = [each for each in statements(example, example.role(name)) if "kms:" in json.dumps(each["Action"])]
    for each in [key for key in keys if listed(key["Action"]) != ["kms:GetPublicKey", "kms:Sign"]]:
        conditions = each["Condition"]
        text = json.dumps(each["Resource"])
        assert ("KeysRoot" in text) != ("KeysServices" in text)
        if "KeysRoot" in text:
            assert listed(each["Action"]) == ["kms:Decrypt"]
            assert conditions == {
                "StringEquals": {
                    "kms:EncryptionContext:environment": "example",
                    "kms:EncryptionContext:purpose": "root",
                }
            }
        else:
            services = listed(conditions["StringLike"]["kms:ViaService"])
            known = ("dynamodb", "sqs", "secretsmanager", "s3")
            assert set(services) <= {f"{service}.eu-central-1.*" for service in known}
            assert any(service.startswith("s3.") for service in services) <= bool(DUTIES[name].checkpoints)


def test_the_root_key_is_unwrapped_where_something_is_opened_or_signed_only(example):
    """Whoever cannot open it cannot leak it: the relay, reconcile and the purge see ids alone.

    A hold may be asked for by number: to know whose it is takes the tenant's key.
    """
    may = {name for name in DUTIES if any("KeysRoot" in resource for _, resource in granted(example, name))}

    assert may == {"send", "dispatch", "receive", "webhooks", "notify", "retention"}


def test_only_who_speaks_to_carriers_reads_their_secrets(example):
    """And it reads these, not whatever secret there is."""
    may = {name for name in DUTIES if actions(example, name, "secretsmanager")}

    assert may == {"dispatch", "receive"}
    secrets = {resource for action, resource in granted(example, "dispatch") if action.startswith("secretsmanager:")}
    assert len(secrets) == len(example.properties("SecretsManager::Secret")) == 2


DELETES = {"DeleteItem", "PartiQLDelete"}
CHANGES = DELETES | {"BatchWriteItem", "PartiQLUpdate", "PartiQLInsert", "PutItem", "UpdateItem"}


def test_messages_and_keys_of_people_are_deleted_by_the_sweep_alone(example):
    """And it never has a key in its hands. Nobody scans, and nobody writes without a condition.

    `send` makes room for a message that has the id of one that is over: by one that is not, it is refused.
    """
    for name in DUTIES:
        assert actions(example, name, "dynamodb").isdisjoint({"Scan", "BatchWriteItem"}), name
        may = {"sweep": DELETES, "send": {"DeleteItem"}}.get(name, set())
        assert on_table(example, name, "Messages") & DELETES == may, name
        assert bool(on_table(example, name, "SubjectKeys") & DELETES) is (name == "sweep"), name
    # What it may query is an index of keys alone: who objected, and when.
    assert on_table(example, "sweep", "SubjectKeys") == {"DeleteItem", "Query", "UpdateItem"}
    assert all(
        resource.rstrip('"]} ').endswith("/index/by-objection")
        for action, resource in granted(example, "sweep")
        if action == "dynamodb:Query" and "SubjectKeys" in resource
    )


def test_the_ledger_is_written_by_two_and_changed_by_nobody(example):
    """What was decided, and what was destroyed: an entry that its writer could take back would prove nothing."""
    changes = {name: on_table(example, name, "Ledger") & CHANGES for name in DUTIES}

    assert {name: may for name, may in changes.items() if may} == {"retention": {"PutItem"}, "sweep": {"PutItem"}}


def test_the_tally_can_only_count(example):
    """It sees who was written to, as pseudonyms: what it writes are the purge's own rows, and nothing else."""
    tables = {"Tenants", "SubjectKeys", "Messages", "Ledger"}

    assert on_table(example, "tally", "Purge") == {"PutItem"}
    for table in tables - {"Messages"}:
        assert not on_table(example, "tally", table)
    assert on_table(example, "tally", "Messages") == {"DescribeStream", "GetRecords", "GetShardIterator"}


PURGES = {"AbortMultipartUpload", "DeleteObjectVersion", "ListBucketMultipartUploads", "ListBucketVersions"}


def test_archives_for_persons_are_removed_by_the_sweep_and_read_by_nobody(example):
    """Nor is anything else in reach of it: what it deletes are objects of tenants in that bucket, for good."""
    may = {
        (name, action.removeprefix("s3:"), "/ten_*" in resource)
        for name in DUTIES
        for action, resource in granted(example, name)
        if "ExportsBucket" in resource
    }

    assert may == {("sweep", action, not action.startswith("List")) for action in PURGES}
    assert not [each for each in granted(example, "sweep") if each[0].startswith("s3:") and "Exports" not in each[1]]


def test_requests_of_persons_are_deleted_by_the_sweep_and_written_by_nobody(example):
    """There is no API for them yet."""
    found = {name: on_table(example, name, "Cases") for name in DUTIES}

    assert {name: may for name, may in found.items() if may} == {"sweep": {"DeleteItem", "Query"}}


def test_only_the_checkpoint_signs_and_nobody_takes_one_back(example):
    """Neither a deletion nor a shorter lock, nor a key that could be used for anything else, is anybody's."""
    may = {name: actions(example, name, "s3") for name in DUTIES}
    signers = {name for name in DUTIES if any(action == "kms:Sign" for action, _ in granted(example, name))}

    assert {name: found for name, found in may.items() if found} == {
        "checkpoint": {"GetObject", "ListBucket", "PutObject"},
        "retention": {"GetObject", "ListBucket"},
        "sweep": PURGES,
    }
    assert signers == {"checkpoint"}
    signed = {resource for action, resource in granted(example, "checkpoint") if action == "kms:Sign"}
    assert ["CheckpointsKey" in resource for resource in signed] == [True]


def test_the_person_index_is_the_sweeps_alone(example):
    """All there is of one person is for whom to ask who looks whether anything is left: others query by time."""
    indexes = {
        (name, resource.partition("/index/")[2].strip('"]} '))
        for name in DUTIES
        for _, resource in granted(example, name)
        if "/index/" in resource
    }

    assert indexes == {
        ("send", "by-time"),
        ("webhooks", "by-time"),
        ("reconcile", "by-time"),
        ("retention", "by-time"),
        ("plan", "by-due"),
        ("sweep", "by-time"),
        ("sweep", "by-subject"),
        ("sweep", "by-content"),
        ("sweep", "by-objection"),
        ("checkpoint", "by-day"),
    }


def test_the_relay_reads_the_stream_and_no_table(example):
    """It passes ids on; a table that it cannot read cannot end up in a queue (I2)."""
    assert actions(example, "relay", "dynamodb") == {"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"}


def test_each_sends_to_the_queues_of_its_row(example):
    """A function that could write to every queue could forge every kind of work."""
    for name, wanted in {
        "auth": set(),
        "keys": set(),
        "send": set(),
        "relay": {"carriersimulator", "carriersimulatoraccount", "notify", "relayfailures"},
        "dispatch": {"carriersimulator", "carriersimulatoraccount"},
        "receive": {"receipts"},
        "webhooks": {"notify"},
        "receipts": set(),
        "notify": {"notify"},
        "reconcile": {"carriersimulator", "carriersimulatoraccount"},
        "retention": {"sweep"},
        "plan": {"sweep"},
        "sweep": {"sweep"},
        "tally": {"tallyfailures"},
        "checkpoint": set(),
    }.items():
        sent = [resource for action, resource in granted(example, name) if action == "sqs:SendMessage"]
        found = {json.loads(each)["Fn::GetAtt"][0].rpartition("Queue")[0].rpartition("Queue")[2] for each in sent}
        assert found == wanted, name
        assert not [each for each in sent if "Dead" in each]


def test_only_the_schedules_role_is_passed_and_to_the_scheduler_only(example):
    """Whoever may pass any role to any service is an administrator."""
    for name, duty in DUTIES.items():
        passed = [each for each in statements(example, example.role(name)) if "iam:PassRole" in listed(each["Action"])]
        assert len(passed) == ("CreateSchedule" in duty.timer)
        for each in passed:
            assert each["Condition"] == {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
            assert "TimerRole" in json.dumps(each["Resource"])


def test_schedules_take_their_roles_for_this_environments_group_alone(example):
    """The scheduler acts for every account: without the source it would act for a stranger's schedule."""
    for name in ("schedules", "reconcile-schedule", "plan-schedule", "checkpoint-schedule"):
        (trust,) = example.role(name)["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
        assert "schedule-group/fugace-example" in json.dumps(trust["Condition"]["StringEquals"]["aws:SourceArn"])


def test_a_schedule_may_put_bodies_on_queues_and_nothing_else(example):
    """A function that may create schedules can do whatever their role can."""
    may = {action for each in statements(example, example.role("schedules")) for action in listed(each["Action"])}

    assert may == {"sqs:SendMessage", "kms:Decrypt", "kms:GenerateDataKey"}
