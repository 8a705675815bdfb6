"""All rules, in the order of their ids."""

from infra.boundary import edges, hosts, life, locks, places, quiet, replicas

RULES = tuple(
    sorted(
        (*places.RULES, *replicas.RULES, *edges.RULES, *hosts.RULES, *life.RULES, *locks.RULES, *quiet.RULES),
        key=lambda rule: (rule.id.partition("-")[0], int(rule.id.partition("-")[2])),
    )
)
