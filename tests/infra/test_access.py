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
    """Schedules of our group, streams, checkpoints, archives, runs, restored tables; log groups of the account."""
    allowed = (
        *(":schedule/fugace-example/*", "/stream/*", "/checkpoints/*", "/ten_*", ":log-group:*"),
        *(":execution:fugace-example-requests:*", "-restore-*", ":alarm:fugace-example-*"),
    )
    for role in example.properties("IAM::Role"):
        for each in statements(example, role):
            for resource in map(json.dumps, listed(each["Resource"])):
                assert "*" not in resource or any(end in resource for end in allowed), resource


SIGNS = (["kms:GetPublicKey", "kms:Sign"], ["kms:Sign"])


@pytest.mark.parametrize("name", DUTIES)
def test_services_of_aws_use_the_key_on_a_functions_behalf_only(example, name):
    """The right to decrypt a queue must not be a right to decrypt anything else."""
    keys = [each for each in statements(example, example.role(name)) if "kms:" in json.dumps(each["Action"])]
    for each in [key for key in keys if listed(key["Action"]) not in SIGNS]:
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
            known = ("dynamodb", "sqs", "secretsmanager", "s3", "states")
            assert set(services) <= {f"{service}.eu-central-1.*" for service in known}
            assert "kms:CreateGrant" not in each["Action"] or (name, len(services)) == ("restore", 1)
            stored = {*DUTIES[name].checkpoints.split(), *DUTIES[name].exports.split()} & {"GetObject", "PutObject"}
            assert any(service.startswith("s3.") for service in services) <= bool(stored)
            assert any(service.startswith("states.") for service in services) <= bool(DUTIES[name].machine)


OPENS = {"send", "dispatch", "receive", "webhooks", "notify", "retention", "requests", "verify", "export", "amend"}
OPENS |= {"depart"}
ERASES = {"sweep", "erase", "leave"}


def test_the_root_key_is_unwrapped_where_something_is_opened_or_signed_only(example):
    """Whoever cannot open it cannot leak it: the relay, reconcile, the purge and the eraser see ids alone.

    A hold, and a request of a person, may be asked for by number: to know whose it is takes the tenant's key.
    """
    may = {name for name in DUTIES if any("KeysRoot" in resource for _, resource in granted(example, name))}

    assert may == OPENS


def test_who_deletes_persons_cannot_decrypt_and_who_decrypts_cannot_delete_them(example):
    """One stolen role must not be able to read everything and then destroy the trace of it.

    `send` makes room for a message that has the id of one that is over: by one that is not, it is refused.
    `amend` deletes a row of nothing but a wish that was taken back. That it is such a row is a condition of the write,
    and of no policy: there is none that could say so.
    """
    deletes = {name for name in DUTIES if on_table(example, name, "Messages") & {"PartiQLDelete"}}

    assert deletes == ERASES
    assert not deletes & OPENS
    for name in OPENS:
        removes = DELETES | PURGES - {"AbortMultipartUpload"}
        assert not actions(example, name, "s3") & removes, name
        assert on_table(example, name, "Messages") & removes == ({"DeleteItem"} if name in MAKE_ROOM else set()), name
        assert persons(example, name) & removes == ({"DeleteItem"} if name == "amend" else set()), name


def test_who_exports_reads_a_person_and_changes_nothing_of_theirs(example):
    """What it may write is the archive, its own case, when that is over, and that it was made."""
    changes = {
        table: on_table(example, "export", table) & CHANGES
        for table in ("Tenants", "SubjectKeys", "Messages", "Purge", "Ledger", "Cases")
    }

    assert {table: may for table, may in changes.items() if may} == {
        "Purge": {"UpdateItem"},
        "Ledger": {"PutItem"},
        "Cases": {"UpdateItem"},
    }
    assert actions(example, "export", "s3") == {"AbortMultipartUpload", "PutObject"}


def test_who_asks_carriers_sees_no_message_and_no_key(example):
    """It has their credentials: what it may ask about is what was written down for it, request by request."""
    tables = ("Tenants", "SubjectKeys", "Messages", "Purge", "Ledger")

    assert not any(on_table(example, "recall", table) for table in tables)
    assert on_table(example, "recall", "Cases") == {"DeleteItem", "GetItem", "Query", "UpdateItem"}
    assert not actions(example, "recall", "s3")


def test_only_who_speaks_to_carriers_reads_their_secrets(example):
    """And it reads these, not whatever secret there is."""
    may = {name for name in DUTIES if actions(example, name, "secretsmanager")}

    assert may == {"dispatch", "receive", "recall"}
    secrets = {resource for action, resource in granted(example, "dispatch") if action.startswith("secretsmanager:")}
    assert len(secrets) == len(example.properties("SecretsManager::Secret")) == 2


DELETES = {"DeleteItem", "PartiQLDelete"}
CHANGES = DELETES | {"BatchWriteItem", "PartiQLUpdate", "PartiQLInsert", "PutItem", "UpdateItem"}
MAKE_ROOM = {"send"}


def persons(stacks, name):
    """What it may do with rows of the keys of persons: those of requests have a statement of their own."""
    return {
        action.split(":")[1]
        for each in statements(stacks, stacks.role(name))
        for action in listed(each["Action"])
        for resource in map(json.dumps, listed(each["Resource"]))
        if "StorageSubjectKeys" in resource and "/index/" not in resource and "LeadingKeys" not in json.dumps(each)
        if action.startswith("dynamodb:")
    }


SCANS = {"dynamodb:Scan", "dynamodb:BatchWriteItem"}


def test_messages_and_keys_of_people_are_deleted_by_the_sweep_and_the_eraser_alone(example):
    """And neither ever has a key in its hands. Nobody scans a live table, and nobody writes without a condition.

    A row of a person's key is deleted by the sweep, and with its tenant: what the eraser leaves there is a tombstone.
    """
    rows = {"sweep": DELETES, **{key: {"PartiQLDelete"} for key in ("erase", "leave")}}
    rows |= {key: {"DeleteItem"} for key in MAKE_ROOM}
    for name in DUTIES:
        scans = {resource for action, resource in granted(example, name) if action in SCANS}
        assert all("-restore-*" in resource for resource in scans), name
        assert on_table(example, name, "Messages") & DELETES == rows.get(name, set()), name
        assert bool(persons(example, name) & DELETES) is (name in {"sweep", "amend", "leave"}), name
    assert persons(example, "sweep") == {"DeleteItem", "UpdateItem"}
    assert persons(example, "erase") == {"GetItem", "UpdateItem"}
    assert persons(example, "leave") == {"DeleteItem"}
    # What they may query is an index of keys alone: who objected, and when.
    for name in ("retention", "sweep", "leave"):
        assert all(
            resource.rstrip('"]} ').endswith("/index/by-objection")
            for action, resource in granted(example, name)
            if action == "dynamodb:Query" and "SubjectKeys" in resource
        )


def test_keys_of_requests_are_reached_without_reaching_those_of_persons(example):
    """They lie in one table, as no back-up may have either: a right to the ones must be none to the others."""
    found = {
        name: {action.split(":")[1] for action in listed(each["Action"])}
        for name in DUTIES
        for each in statements(example, example.role(name))
        if "dynamodb:LeadingKeys" in json.dumps(each)
    }
    condition = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "case/*"}}

    assert found == {
        "requests": {"DeleteItem", "GetItem", "PutItem"},
        "settle": {"DeleteItem"},
        "erase": {"DeleteItem"},
        "leave": {"DeleteItem"},
    }
    for name in found:
        (each,) = (one for one in statements(example, example.role(name)) if "LeadingKeys" in json.dumps(one))
        assert json.loads(json.dumps(each["Condition"]).replace('["case/*"]', '"case/*"')) == condition


def test_the_ledger_is_written_by_those_who_decide_and_changed_by_nobody(example):
    """What was decided, and what was destroyed: an entry that its writer could take back would prove nothing."""
    changes = {name: on_table(example, name, "Ledger") & CHANGES for name in DUTIES}

    assert {name: may for name, may in changes.items() if may} == {key: {"PutItem"} for key in LEDGER}


LEDGER = ("retention", "sweep", "requests", "settle", "export", "erase", "amend", "certify", "restore")
LEDGER += ("depart", "leave")


def test_the_tally_can_only_count(example):
    """It sees who was written to, as pseudonyms: what it writes are the purge's own rows, and nothing else."""
    tables = {"Tenants", "SubjectKeys", "Messages", "Ledger"}

    assert on_table(example, "tally", "Purge") == {"PutItem"}
    for table in tables - {"Messages"}:
        assert not on_table(example, "tally", table)
    assert on_table(example, "tally", "Messages") == {"DescribeStream", "GetRecords", "GetShardIterator"}


PURGES = {"AbortMultipartUpload", "DeleteObjectVersion", "ListBucketMultipartUploads", "ListBucketVersions"}


def test_archives_for_persons_are_made_handed_out_and_removed_by_different_functions(example):
    """Nor is anything else in reach: what they touch are objects of tenants in that bucket."""
    may = {
        (name, action.removeprefix("s3:"), "/ten_*" in resource)
        for name in DUTIES
        for action, resource in granted(example, name)
        if "ExportsBucket" in resource
    }
    wanted = {
        "sweep": PURGES,
        "erase": PURGES,
        "leave": PURGES,
        "export": {"AbortMultipartUpload", "PutObject"},
        "depart": {"AbortMultipartUpload", "PutObject"},
        "requests": {"GetObject", "ListBucket"},
    }

    assert may == {(name, action, not action.startswith("List")) for name, each in wanted.items() for action in each}
    for name in wanted:
        assert not [each for each in granted(example, name) if each[0].startswith("s3:") and "Exports" not in each[1]]


def test_requests_of_persons_are_written_by_their_room_and_forgotten_by_the_sweep(example):
    """Whoever answers one writes what became of it. That it is a condition of each write, no policy can say."""
    found = {name: on_table(example, name, "Cases") & CHANGES for name in DUTIES}

    assert {name for name, may in found.items() if may} == {"sweep", *ROOM}
    assert found["sweep"] == {"DeleteItem"}
    writers = {"requests", "settle", "erase", "leave", "restore"}
    assert {name for name, may in found.items() if "PutItem" in may} == writers


ROOM = {name for name, duty in DUTIES.items() if duty.room == "dsar"}


def test_only_the_checkpoint_signs_the_ledger_and_nobody_takes_one_back(example):
    """Neither a deletion nor a shorter lock, nor a key that could be used for anything else, is anybody's."""
    may = {
        name: {
            action.removeprefix("s3:") for action, resource in granted(example, name) if "CheckpointsBucket" in resource
        }
        for name in DUTIES
    }

    assert {name: found for name, found in may.items() if found} == {
        "checkpoint": {"GetObject", "ListBucket", "PutObject"},
        "retention": {"GetObject", "ListBucket"},
    }
    assert signers(example, "CheckpointsKey") == {"checkpoint"}


def signers(stacks, key):
    return {name for name in DUTIES for act, which in granted(stacks, name) if act == "kms:Sign" and key in which}


def test_certificates_and_callbacks_are_signed_by_those_who_speak_with_controllers(example):
    """With a key of their own: whoever can sign one of these can forge no checkpoint."""
    assert signers(example, "CertificatesKey") == {"requests", "certify", "callback"}
    assert signers(example, "") == {"requests", "certify", "callback", "checkpoint"}


def test_a_table_is_restored_beside_itself_by_one_function_and_deleted_there_alone(example):
    """It may make a copy, and nobody else may; it may delete that, and no table that anybody works on."""
    makes = {name for name in DUTIES if "RestoreTableToPointInTime" in actions(example, name, "dynamodb")}
    deletes = {
        resource
        for name in DUTIES
        for action, resource in granted(example, name)
        if action in {"dynamodb:DeleteTable", "dynamodb:Scan"}
    }

    assert makes == {"restore"}
    names = ("messages", "tenants", "cases")
    assert len(deletes) == len(names)
    assert all(any(f"table/fugace-example-{name}-restore-*" in each for name in names) for each in deletes)
    for table in ("Messages", "Tenants", "Cases"):
        assert on_table(example, "restore", table) & CHANGES == {"PutItem"}
    assert persons(example, "restore") == {"GetItem", "UpdateItem"}
    assert not any("KeysRoot" in resource for _, resource in granted(example, "restore"))


def test_nobody_reads_both_a_back_up_of_data_and_the_keys_to_it(example):
    """I10: keys of persons have no back-up that could be read, and who reads one of data cannot unwrap a key at all."""
    every = [
        json.dumps(each["Resource"])
        for role in example.properties("IAM::Role")
        for each in statements(example, role)
        if any(word in json.dumps(each["Action"]) for word in ("Restore", "Backup", "Export"))
    ]
    reads = {name for name in DUTIES if any("-restore-" in resource for _, resource in granted(example, name))}

    assert reads == {"restore"}
    assert not reads & OPENS
    assert every
    assert not any("SubjectKeys" in each or "subject-keys" in each for each in every)


def test_the_machine_is_started_by_two_and_answered_by_one(example):
    """It is named, and so is what may be done: nobody stops a run, reads a history, or changes what it does."""
    may = {
        (name, action.removeprefix("states:"), resource)
        for name in DUTIES
        for action, resource in granted(example, name)
        if action.startswith("states:")
    }

    machine = "stateMachine:fugace-example-requests"
    assert {
        (name, action, which.rpartition('"AWS::AccountId"}, ":')[2].strip('"]}')) for name, action, which in may
    } == {
        ("requests", "StartExecution", machine),
        ("requests", "SendTaskSuccess", machine),
        ("watch", "StartExecution", machine),
        ("watch", "DescribeExecution", "execution:fugace-example-requests:*"),
    }


def test_the_person_index_is_asked_by_who_answers_persons_alone(example):
    """All there is of one person is for whom to ask who looks whether anything is left, or was asked by them."""
    indexes = {
        (name, resource.partition("/index/")[2].strip('"]} '))
        for name in DUTIES
        for _, resource in granted(example, name)
        if "/index/" in resource
    }

    assert indexes == {
        *((name, "by-time") for name in ("send", "webhooks", "reconcile", "retention", "sweep", "depart", "leave")),
        *((name, "by-subject") for name in ("sweep", "export", "erase", "amend")),
        *((name, "by-person") for name in ("requests", "verify", "export", "erase", "amend")),
        ("plan", "by-due"),
        *((name, "by-objection") for name in ("retention", "sweep", "leave")),
        ("leave", "by-deadline"),
        ("sweep", "by-content"),
        ("checkpoint", "by-day"),
        ("requests", "by-deadline"),
        ("watch", "by-look"),
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
        "requests": {"callbacks"},
        "settle": {"callbacks"},
        "verify": set(),
        "export": set(),
        "erase": {"sweep"},
        "recall": set(),
        "amend": {"sweep"},
        "certify": set(),
        "watch": {"callbacks"},
        "callback": {"callbacks"},
        "restore": set(),
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
    for name in ("schedules", "reconcile-schedule", "plan-schedule", "watch-schedule", "checkpoint-schedule"):
        (trust,) = example.role(name)["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
        assert "schedule-group/fugace-example" in json.dumps(trust["Condition"]["StringEquals"]["aws:SourceArn"])


def test_a_schedule_may_put_bodies_on_queues_and_nothing_else(example):
    """A function that may create schedules can do whatever their role can."""
    may = {action for each in statements(example, example.role("schedules")) for action in listed(each["Action"])}

    assert may == {"sqs:SendMessage", "kms:Decrypt", "kms:GenerateDataKey"}
