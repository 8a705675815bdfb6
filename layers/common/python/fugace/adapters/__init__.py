"""The ports, made real: DynamoDB, KMS, SQS, the Scheduler, the carriers, the web."""
