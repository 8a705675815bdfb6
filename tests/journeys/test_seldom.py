"""What seldom happens, made to happen on the deployed stack: each of these needs a right that little else does."""

import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from tests.journeys.conftest import Stack, Tenant, fugace, wait_for
from tests.journeys.people import delivered, file, reached, rows, send, strangers, texts

PEOPLE = strangers(range(35, 43), 9)
ANNA, BELA, CLEO, DORA, EMIL, FINN, GUST, HEDI, IDA = PEOPLE
TEN_YEARS = timedelta(days=3700)
HOUR = 3600
"""A carrier or a client that asks for more than a quarter of an hour has it from a schedule, not from a queue."""


@pytest.fixture(scope="module")
def shop(tenant_of: Callable[..., Tenant]) -> Tenant:
    """Its messages go to the carrier that others' do not, and so do its recalls."""
    return tenant_of("Has rare cases", "--carrier", "simulator-account", mode="live")


def schedules(environment: str) -> set[str]:
    listed = boto3.client("scheduler").list_schedules(GroupName=f"fugace-{environment}")["Schedules"]
    return {each["Name"] for each in listed}


def bucket(environment: str) -> str:
    """The one of archives."""
    names = (each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"])
    return next(name for name in names if name.startswith(f"fugace-{environment}-exports-"))


def unfinished(environment: str, tenant: Tenant, request: str) -> None:
    """An upload that whoever wrote an archive did not live to finish."""
    boto3.client("s3").create_multipart_upload(Bucket=bucket(environment), Key=f"{tenant.id}/{request}/rest")


def uploads(environment: str, tenant: Tenant) -> list[str]:
    found = boto3.client("s3").list_multipart_uploads(Bucket=bucket(environment)).get("Uploads", [])
    return [each["Key"] for each in found if each["Key"].startswith(tenant.id)]


def age(environment: str, table: str, key: dict[str, str], attribute: str) -> None:
    """Have something that is stored be ten years older."""
    boto3.client("dynamodb").update_item(
        TableName=f"fugace-{environment}-{table}",
        Key={name: {"S": value} for name, value in key.items()},
        UpdateExpression="ADD #a :less",
        ExpressionAttributeNames={"#a": attribute},
        ExpressionAttributeValues={":less": {"N": str(-int(TEN_YEARS.total_seconds()) * 1000)}},
    )


def test_a_carrier_that_asks_for_an_hour_is_given_it(stack: Stack, shop: Tenant, environment: str) -> None:
    """No queue holds a body back for so long: the message waits in a schedule, and counts as not handed over."""
    before = schedules(environment)
    stack.simulator("POST", "/faults", {"outcome": "429-once", "retry_after": HOUR})
    (one,) = send(shop, ANNA, 1)

    wait_for(lambda: schedules(environment) - before, seconds=60)

    assert shop.client("GET", f"/v1/messages/{one}").json["status"] in {"accepted", "queued"}
    assert not texts(stack, ANNA)


def test_a_client_that_asks_for_an_hour_is_given_it(stack: Stack, shop: Tenant, environment: str) -> None:
    """Its event waits likewise."""
    stack.sink("POST", "/behave", {"path": "/in-an-hour", "status": 429, "times": 1, "retry_after": HOUR})
    made = shop.client("POST", "/v1/webhooks", {"url": stack.local["sink_url"] + "/in-an-hour"})
    assert made.status == 201, made.text
    before = schedules(environment)

    assert shop.client("POST", f"/v1/webhooks/{made.json['id']}/test").status == 202

    wait_for(lambda: schedules(environment) - before, seconds=60)
    assert shop.client("DELETE", f"/v1/webhooks/{made.json['id']}").status == 204


def test_a_span_of_time_is_told_again(stack: Stack, shop: Tenant) -> None:
    """Of several persons at once; a client that lost a day asks for that day."""
    delivered(shop, send(shop, BELA, 1) + send(shop, CLEO, 1))
    made = shop.client("POST", "/v1/webhooks", {"url": stack.local["sink_url"] + "/again"}).json
    span = {"since": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}

    answer = shop.client("POST", f"/v1/webhooks/{made['id']}/replay", span)

    assert answer.status == 202, answer.text
    wait_for(lambda: len(stack.sink("GET", "/received?path=/again").json["received"]) >= 4, seconds=60)
    shop.client("DELETE", f"/v1/webhooks/{made['id']}")


def test_a_choice_is_looked_ahead_for_everything_that_is_kept(shop: Tenant) -> None:
    """Requests and wishes as well: whoever shortens a period is told before what would go."""
    assert shop.client("PUT", "/v1/retention", {"objections": "P4Y"}).status == 200
    wanted = "cases:P1Y,objections:P3Y,exports:P1D,access:P6M,statistics:P1M"

    answer = shop.client("GET", f"/v1/retention?simulate={wanted}")

    assert answer.status == 200, answer.text
    assert set(answer.json["simulated"]) == {part.partition(":")[0] for part in wanted.split(",")}
    assert shop.client("GET", "/v1/requests?state=all").status == 200


def test_what_is_not_there_cannot_be_held(shop: Tenant) -> None:
    """A hold that covers nothing would be a promise that nobody keeps."""
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    wish = {"message": "019bc192-7a00-7000-8000-000000000001", "ground": "legal-claim", "until": until}

    answer = shop.client("POST", "/v1/holds", wish)

    assert (answer.status, answer.json["type"]) == (404, "/problems/not-found")


def test_a_message_that_is_over_makes_room_for_its_namesake(shop: Tenant, environment: str) -> None:
    """The same Idempotency-Key, after the first message was to be forgotten and before the purge has come by."""
    wish = {"to": DORA, "text": "Once", "category": "transactional"}
    first = shop.client("POST", "/v1/messages", wish, Idempotency_Key="once-1")
    delivered(shop, [first.json["id"]])
    boto3.client("dynamodb").update_item(
        TableName=f"fugace-{environment}-messages",
        Key={"pk": {"S": f"{shop.id}/{first.json['id']}"}},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"N": str(int(datetime.now(UTC).timestamp()) - 6 * 365 * 86_400)}},
    )

    second = shop.client("POST", "/v1/messages", wish, Idempotency_Key="once-1")

    assert (second.status, second.json["id"]) == (202, first.json["id"])
    history = shop.client("GET", f"/v1/messages/{first.json['id']}").json["history"]
    assert "delivered" not in {each["status"] for each in history}


def test_a_wish_of_somebody_never_written_to_leaves_nothing_once_taken_back(shop: Tenant, environment: str) -> None:
    """Not even that there was one: the row was nothing but the wish."""
    reached(shop, file(shop, "restriction", EMIL, ground="accuracy"), "completed")
    there = rows(environment, "subject-keys", shop)
    reached(shop, file(shop, "lift-restriction", EMIL), "completed")

    after = rows(environment, "subject-keys", shop)

    assert len([each for each in there if each not in after and not each.startswith("case/")]) == 1


def test_a_person_who_asked_for_restriction_may_still_be_erased(shop: Tenant, environment: str) -> None:
    """The hold was theirs, and ends with it; an upload that died goes with the rest."""
    (one,) = send(shop, FINN, 1)
    delivered(shop, [one])
    access = file(shop, "access", FINN)
    reached(shop, access, "completed")
    unfinished(environment, shop, access["subject_request_id"])
    reached(shop, file(shop, "restriction", FINN, ground="accuracy"), "completed")

    reached(shop, file(shop, "erasure", FINN), "completed")

    assert f"{shop.id}/{one}" not in rows(environment, "messages", shop)
    assert uploads(environment, shop) == []


def test_a_request_is_called_off_before_it_begins(shop: Tenant) -> None:
    """And keeps no other of its kind waiting. Of a person never written to: where it is too late, nothing is lost."""
    for _ in range(20):
        filed = file(shop, "access", GUST)
        answer = shop.client("DELETE", f"/v1/requests/{filed['subject_request_id']}")
        if answer.status in {200, 202}:
            break
        reached(shop, filed, "completed")

    assert answer.status in {200, 202}, answer.text
    reached(shop, file(shop, "access", GUST), "completed")


def test_an_archive_that_is_gone_is_said_to_be(stack: Stack, shop: Tenant, environment: str, tmp_path: Path) -> None:
    """Whoever removed it: whoever fetches it hears so in a sentence."""
    filed = file(shop, "access", HEDI)
    reached(shop, filed, "completed")
    link = shop.client("POST", f"/v1/requests/{filed['subject_request_id']}/links").json["url"]
    s3, name = boto3.client("s3"), bucket(environment)
    there = s3.list_object_versions(Bucket=name, Prefix=f"{shop.id}/{filed['subject_request_id']}")["Versions"]
    for each in there:
        s3.delete_object(Bucket=name, Key=each["Key"], VersionId=each["VersionId"])

    command = ["./fugace", "requests", "fetch", link, "--out", str(tmp_path / "archive.zip")]
    done = subprocess.run(command, env=stack.environment(), capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith("fugace: ")
    assert not (tmp_path / "archive.zip").exists()
    again = shop.client("POST", f"/v1/requests/{filed['subject_request_id']}/links")
    assert (again.status, again.json["type"]) == (404, "/problems/not-found")


def test_a_callback_that_failed_is_made_again(stack: Stack, shop: Tenant) -> None:
    """The controller's server was down for a moment."""
    stack.sink("POST", "/behave", {"path": "/called-back", "status": 500, "times": 1})

    reached(shop, file(shop, "access", GUST, stack.local["sink_url"] + "/called-back"), "completed")

    def answered() -> set[int]:
        return {each["answered"] for each in stack.sink("GET", "/received?path=/called-back").json["received"]}

    wait_for(lambda: answered() >= {500, 204}, seconds=60)


def test_who_came_back_is_asked_for_a_code_as_somebody_new(stack: Stack, shop: Tenant) -> None:
    """What proves who asks is sealed with a key of its own; the erased one stays dead."""
    shop_ids = send(shop, IDA, 1)
    delivered(shop, shop_ids)
    reached(shop, file(shop, "erasure", IDA), "completed")

    file(shop, "objection", IDA, identity="otp")

    said = wait_for(lambda: texts(stack, IDA), seconds=60, every=1)
    assert re.search(r"\b[0-9]{6}\b", said[-1])


@pytest.fixture(scope="module")
def old(stack: Stack, shop: Tenant, environment: str) -> dict[str, str]:
    """A finished request, an objection and a revoked key, all ten years old when the purge comes by."""
    access = file(shop, "access", BELA)
    reached(shop, access, "completed")
    before = set(rows(environment, "subject-keys", shop))
    reached(shop, file(shop, "objection", HEDI), "completed")
    (wish,) = (each for each in set(rows(environment, "subject-keys", shop)) - before if not each.startswith("case/"))
    key = fugace(stack, "keys", "create", shop.id, "--role", "reader", "--mode", "live")
    fugace(stack, "keys", "revoke", shop.id, key["id"])
    case = f"case/{access['subject_request_id']}"
    age(environment, "cases", {"tenant": shop.id, "item": case}, "finished")
    age(environment, "subject-keys", {"subject": wish}, "objected")
    age(environment, "tenants", {"tenant": shop.id, "item": f"key/{key['id']}"}, "revoked")
    fugace(stack, "purge", "run", "--all")
    return {"case": case, "wish": wish, "key": f"key/{key['id']}", "request": access["subject_request_id"]}


def test_a_finished_request_goes_when_its_time_is_over(shop: Tenant, environment: str, old: dict[str, str]) -> None:
    """With the key that it was sealed with."""
    assert old["case"] not in rows(environment, "cases", shop)
    assert f"case/{shop.id}/{old['request']}" not in rows(environment, "subject-keys", shop)


def test_a_wish_and_a_key_go_when_their_time_is_over(shop: Tenant, environment: str, old: dict[str, str]) -> None:
    """Neither that somebody objected nor that a key once opened anything is kept for ever."""
    assert old["wish"] not in rows(environment, "subject-keys", shop)
    assert old["key"] not in rows(environment, "tenants", shop)
