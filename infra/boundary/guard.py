"""What an account is forbidden, whatever is deployed into it: the exits, as policies of IAM and Organizations.

One table of denials, two documents. A service control policy binds every principal of an account but the
management account's own; a permissions boundary binds the roles that it is attached to.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from infra.boundary.regions import UNION

Kind = Literal["scp", "boundary"]

SIZES: Mapping[Kind, int] = {"scp": 5120, "boundary": 6144}
"""Characters at most: "Quotas and service limits for AWS Organizations", "IAM and AWS STS quotas"."""

GLOBAL = (
    "account", "aws-portal", "budgets", "ce", "consolidatedbilling", "cur", "freetier", "health", "iam", "invoicing",
    "organizations", "payments", "pricing", "route53", "sso", "sts", "support", "tax", "trustedadvisor",
)  # fmt: skip
"""Services that have one endpoint for all Regions and hold nothing of recipients: a Region cannot be asked of them."""


@dataclass(frozen=True, slots=True)
class Denial:
    """One exit that is closed."""

    sid: str
    closes: str
    actions: tuple[str, ...]
    condition: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def statement(self) -> dict[str, Any]:
        """As IAM reads it."""
        condition = {"Condition": self.condition} if self.condition else {}
        return {"Sid": self.sid, "Effect": "Deny", "Action": list(self.actions), "Resource": "*", **condition}


DENIALS = (
    Denial(
        "TableReplicas",
        "DynamoDB replicas, multi-account global tables",
        (
            "dynamodb:AssociateTableReplica",
            "dynamodb:CreateGlobalTable*",
            "dynamodb:CreateTableReplica",
            "dynamodb:PutResourcePolicy",
            "dynamodb:ReplicateSettings",
            "dynamodb:UpdateGlobalTable*",
        ),
    ),
    Denial(
        "TableStreams", "rows poured into a stream of another life", ("dynamodb:EnableKinesisStreamingDestination",)
    ),
    Denial(
        "RowKeysInPlain",
        "Contributor Insights",
        ("cloudwatch:PutInsightRule", "dynamodb:UpdateContributorInsights"),
    ),
    Denial(
        "BucketReplication",
        "S3 replication, Multi-Region Access Points",
        (
            "s3:CreateMultiRegionAccessPoint",
            "s3:PutMultiRegionAccessPointPolicy",
            "s3:PutReplicationConfiguration",
            "s3:ReplicateObject",
        ),
    ),
    Denial("KeyReplicas", "replicas of KMS keys", ("kms:ReplicateKey", "kms:UpdatePrimaryRegion")),
    Denial("KeysThatReplicate", "multi-Region keys", ("kms:CreateKey",), {"Bool": {"kms:MultiRegion": "true"}}),
    Denial("SecretReplicas", "replicas of secrets", ("secretsmanager:ReplicateSecretToRegions",)),
    Denial(
        "SecretsBornReplicated",
        "secrets made with replicas",
        ("secretsmanager:CreateSecret",),
        {"Null": {"secretsmanager:AddReplicaRegions": "false"}},
    ),
    Denial(
        "BackupCopies",
        "copies of back-ups",
        ("backup:CopyFromBackupVault", "backup:CopyIntoBackupVault", "backup:StartCopyJob"),
    ),
    Denial(
        "Edges",
        "CloudFront, Lambda@Edge, Global Accelerator",
        ("amplify:*", "cloudfront:*", "globalaccelerator:*", "lambda:EnableReplication*"),
    ),
    Denial(
        "EdgeOptimizedApis",
        "edge-optimized endpoints",
        ("apigateway:PATCH", "apigateway:POST", "apigateway:PUT"),
        {"ForAnyValue:StringEquals": {"apigateway:Request/EndpointType": "EDGE"}},
    ),
    Denial(
        "GlobalBuses",
        "EventBridge's global endpoints, Pipes",
        ("events:CreateEndpoint", "events:UpdateEndpoint", "pipes:*"),
    ),
    Denial("HttpTasks", "Step Functions HTTP tasks", ("states:InvokeHTTPEndpoint",)),
    Denial(
        "LogExport",
        "log export, cross-account observability",
        (
            "cloudwatch:PutMetricStream",
            "logs:CreateExportTask",
            "logs:PutAccountPolicy",
            "logs:PutDeliveryDestination*",
            "logs:PutDestination*",
            "oam:Create*",
            "oam:Put*",
            "observabilityadmin:*",
        ),
    ),
    Denial("Models", "Bedrock's cross-Region profiles", ("bedrock:CreateInferenceProfile",)),
    Denial(
        "ModelProfiles",
        "Bedrock's cross-Region profiles",
        ("bedrock:InvokeModel*",),
        {"Null": {"bedrock:InferenceProfileArn": "false"}},
    ),
    Denial(
        "TableExports",
        "table exports and copies for ever",
        ("dynamodb:ExportTableToPointInTime", "rds:StartExportTask"),
    ),
    Denial("Copies", "services that carry data elsewhere", ("appflow:*", "datasync:*", "dms:*", "transfer:*")),
)


def document(kind: Kind, regions: Sequence[str] = UNION) -> dict[str, Any]:
    """The policy. A boundary also says what is not forbidden: it is no grant, but without it nothing would be left."""
    rest = [{"Sid": "WhatPoliciesGrant", "Effect": "Allow", "Action": "*", "Resource": "*"}]
    return {
        "Version": "2012-10-17",
        "Statement": [
            *(rest if kind == "boundary" else []),
            _outside(regions),
            _targets(regions).statement(),
            *(each.statement() for each in DENIALS),
        ],
    }


def _outside(regions: Sequence[str]) -> dict[str, Any]:
    return {
        "Sid": "OutsideTheUnion",
        "Effect": "Deny",
        "NotAction": [f"{service}:*" for service in GLOBAL],
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": list(regions)}},
    }


def _targets(regions: Sequence[str]) -> Denial:
    """A rule is put in its own Region, whatever Region its target is in: its target has to be looked at."""
    within = [f"arn:*:*:{region}:*:*" for region in regions]
    return Denial(
        "TargetsElsewhere",
        "cross-Region targets of EventBridge",
        ("events:PutTargets",),
        {"ForAnyValue:ArnNotLike": {"events:TargetArn": within}},
    )


def minified(policy: Mapping[str, Any]) -> str:
    """As it is attached: the quota counts characters."""
    return json.dumps(policy, separators=(",", ":"))
