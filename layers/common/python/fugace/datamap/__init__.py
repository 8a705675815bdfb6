"""The personal-data map: every place where personal data can be, everything that is stored there, and how it leaves.

The models of DynamoDB's rows are declared with its entries, the records in docs/gdpr are written from it, and the
synthesized template is held against it. An entry that contradicts itself cannot be imported.
"""
