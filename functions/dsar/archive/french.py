"""What a person is told, in French: sentences of ours, and what the map says."""

# ruff: noqa: RUF001  # this is the apostrophe of French

SENTENCES = {
    "title": "Vos données : ce que {company} conserve sur vous",
    "skip": "Aller aux messages",
    "made": "Établi le {at} pour la demande {request}.",
    "who": "Ceci est une copie des données à caractère personnel relatives au numéro de téléphone {number} que "
    "{company} conserve dans son service de SMS, avec les informations qui vous sont dues (articles 15 et 20 du "
    "règlement général sur la protection des données).",
    "who_gone": "Ceci répond à une demande adressée à {company} au sujet de SMS. Le numéro de téléphone pour lequel "
    "elle a été faite n’est plus connu.",
    "controller": "{company} décide pourquoi et comment ces données sont utilisées : c’est à elle qu’il faut "
    "s’adresser.",
    "files": "data.json contient tout, pour les machines. Les fichiers en .csv contiennent la même chose sous forme de "
    "tableaux ; une cellule qu’un tableur prendrait pour une formule est précédée d’une apostrophe.",
    "found": "Ce qui a été trouvé",
    "found_yes": "Il existe des données relatives à ce numéro. Celles qui sont arrivées à échéance n’en font pas "
    "partie, même si elles ne sont pas encore supprimées.",
    "found_erased": "Les données relatives à ce numéro ont été effacées le {at}. Il n’en reste que la mention.",
    "found_erasing": "Les données relatives à ce numéro sont en cours d’effacement. Elles ne sont plus lisibles.",
    "found_gone": "Les données relatives à ce numéro ont été effacées. Il n’en reste que la mention.",
    "found_no_match": "Il n’existe aucune donnée relative à ce numéro.",
    "restricted": "Depuis le {at}, ces données sont conservées sans être utilisées, à votre demande (limitation).",
    "objected": "Depuis le {at}, vous ne recevez plus de publicité par ce moyen, à votre demande (opposition).",
    "messages": "Messages",
    "messages_count": "Nombre de messages : {count}.",
    "messages_some": "Les {shown} plus récents sur {count} figurent ici. Tous se trouvent dans messages.csv et "
    "data.json.",
    "when": "Date",
    "text": "Texte",
    "state": "État",
    "reason": "Motif de l’envoi",
    "carrier": "Remis par",
    "text_expired": "n’est plus conservé : sa durée est écoulée",
    "text_removed": "n’est pas conservé : supprimé dès le départ du message",
    "held": "conservé pour une raison légale",
    "requests": "Vos autres demandes",
    "holds": "Ce qui est conservé pour une raison légale",
    "since": "Depuis",
    "until": "Jusqu’au",
    "kind": "Nature",
    "none": "Aucune donnée.",
    "purposes": "Pourquoi ces données sont conservées, et ce qu’elles sont",
    "what": "De quoi il s’agit",
    "purpose": "Finalité",
    "ground": "Base légale",
    "categories": "Catégories de données",
    "kept": "Durée",
    "recipients": "Qui a reçu des données",
    "recipients_none": "Aucun opérateur n’a reçu de message figurant ici.",
    "recipient": "Destinataire",
    "role": "Son rôle",
    "region": "Où se trouvent ses données",
    "keeps": "Ce qu’il conserve",
    "role_carrier": "achemine les messages : il reçoit le numéro et le texte",
    "role_host": "exploite les ordinateurs, pour le compte de {company}",
    "host_region": "Union européenne",
    "host_keeps": "rien au-delà des durées indiquées ici ; numéro et texte sont chiffrés",
    "abroad": "Ce service ne transfère aucune donnée hors de l’Union européenne.",
    "retention": "Combien de temps chaque donnée est conservée",
    "retention_of": "Nature des données",
    "period": "Durée",
    "no_time": "aucune : seulement jusqu’à la remise à l’opérateur",
    "sources": "D’où viennent les données",
    "source_controller": "Numéro, texte, référence, campagne et expéditeur : de {company}, qui vous a envoyé les "
    "messages.",
    "source_carrier": "État, dates et codes de remise : des opérateurs nommés ci-dessus.",
    "source_made": "Identifiants, longueurs et durées : établis ici, lors de la remise des messages.",
    "automated": "Aucune décision vous concernant n’est prise par une machine seule, et aucun profil n’est établi.",
    "rights": "Vos droits",
    "rights_where": "Pour exercer l’un d’eux, écrivez à {company}. C’est gratuit, et la réponse vient dans le mois.",
    "right_rectification": "Faire rectifier ce qui est inexact (article 16).",
    "right_erasure": "Faire effacer ce qui n’a pas à être conservé (article 17).",
    "right_restriction": "Faire conserver sans l’utiliser ce qui est contesté (article 18).",
    "right_objection": "Vous opposer à l’utilisation de vos données, et à tout moment à la publicité (article 21).",
    "right_complaint": "Introduire une réclamation auprès d’une autorité de contrôle, notamment dans le pays où vous "
    "résidez ou travaillez, ou celui de la violation (article 77) ; en France, la CNIL.",
}
MAP = {
    # rows: what, purpose, ground, what ends them
    "a message, from its acceptance to its expiry": "un message, de son acceptation à son échéance",
    "handing over what a tenant sends, once, and telling the tenant what became of it": "remettre une seule fois ce "
    "que l’expéditeur envoie, et lui dire ce qu’il en est advenu",
    "Art. 28(3)(a): the tenant's instruction; its own ground is one of Art. 6(1)(a), (b) and (f)": "art. 28, § 3, a) : "
    "instruction de l’expéditeur, dont la base est l’art. 6, § 1, a), b) ou f)",
    "the key with which what is known of one person is sealed, or the tombstone of one": "la clé qui chiffre ce que "
    "l’on sait d’une personne, ou la mention qu’il y en a eu une",
    "making what is sealed readable for as long as it may be, and not a moment longer": "rendre lisible ce qui est "
    "chiffré aussi longtemps que permis, et pas un instant de plus",
    "Art. 32(1)(a), 17(1), 25(1)": "art. 32, § 1, a), 17, § 1, et 25, § 1",
    "the last message of the person": "jusqu’au dernier message de la personne",
    "a person's request: what was asked, when it was due, what was done": "une demande d’une personne : son objet, son "
    "échéance, sa suite",
    "answering persons in time, and showing that they were": "répondre à temps aux personnes, et pouvoir le montrer",
    "Art. 5(2), 12(3), 24(1)": "art. 5, § 2, 12, § 3, et 24, § 1",
    "a legal hold: who set it, on what, why, until when": "une conservation pour raison légale : par qui, sur quoi, "
    "pourquoi, jusqu’à quand",
    "keeping what may not be destroyed yet, out of use": "conserver sans l’utiliser ce qui ne peut encore être détruit",
    "Art. 17(3)(b) and (e), 18(2)": "art. 17, § 3, b) et e), et 18, § 2",
    # categories of data
    "content of messages": "contenu des messages",
    "telephone numbers": "numéros de téléphone",
    "traffic data": "données de trafic",
    "pseudonyms": "pseudonymes",
    "keys and secrets": "clés et secrets",
    # kinds that a period is chosen for
    "content": "texte des messages",
    "record": "trace d’un message : à qui, quand, ce qu’il en est advenu",
    "objections": "oppositions à la publicité",
    "exports": "copies établies pour une demande, comme celle-ci",
    "cases": "demandes terminées",
    # states of messages
    "accepted": "accepté",
    "queued": "en cours de remise",
    "submitted": "remis à l’opérateur",
    "buffered": "en attente chez l’opérateur",
    "delivered": "délivré",
    "undeliverable": "non distribuable",
    "expired": "délai dépassé",
    "rejected": "refusé",
    "blocked": "bloqué",
    "cancelled": "annulé",
    "unknown": "inconnu",
    # why they were sent
    "otp": "code à usage unique",
    "transactional": "service",
    "marketing": "publicité",
    # requests
    "access": "accès",
    "portability": "portabilité",
    "erasure": "effacement",
    "rectification": "rectification",
    "restriction": "limitation",
    "objection": "opposition",
    "lift-restriction": "levée de la limitation",
    "lift-objection": "levée de l’opposition",
    "verifying": "vérification",
    "waiting": "en attente",
    "running": "en cours",
    "partial": "en partie faite",
    "held": "retenue pour une raison légale",
    "completed": "faite",
    "denied": "refusée",
    "unverified": "identité non prouvée",
    # grounds of holds
    "legal-claim": "droits en justice",
    "legal-obligation": "obligation légale",
    "authority-order": "ordre d’une autorité",
}
UNITS = {
    "year": ("an", "ans", "ans"),
    "month": ("mois", "mois", "mois"),
    "day": ("jour", "jours", "jours"),
    "hour": ("heure", "heures", "heures"),
    "minute": ("minute", "minutes", "minutes"),
    "second": ("seconde", "secondes", "secondes"),
}
