"""The controlled vocabulary that evaluations are filed under.

Each term names the programme document it comes from. A term marked ``recalled`` was written
down from memory, not read in its source: pages that show it say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

PERINATAL_PROGRAMME = "Regional health equity programme, perinatal health and care, 2021–2026"
GOOD_PRACTICE_GUIDE = "Good-practice guide on tackling health inequalities, 2021"
INCLUSION_HEALTH = "Inclusion health in the local maternity and neonatal system"
EQUITY_GUIDANCE = "Equity and equality: guidance for local maternity systems, 2021"
PLEDGES_2021 = "Four pledges to women, babies and staff, NHS, 2021"
CORE20PLUS5_CYP = "Core20PLUS5 for children and young people, NHS England"
PROJECT = "Vocabulary of this project"


@dataclass(frozen=True)
class Term:
    """One entry of a vocabulary.

    Attributes
    ----------
    id : what a parameters file writes.
    label : what a page shows.
    note : one sentence of explanation.
    source : the document that the term comes from.
    family : the group of terms it belongs to, where a vocabulary has such groups.
    recalled : True where the fact was recalled, not read in its source.
    """

    id: str
    label: str
    note: str
    source: str
    family: str = ""
    recalled: bool = False


Vocabulary = Mapping[str, Term]


def _vocabulary(*terms: Term) -> Vocabulary:
    return MappingProxyType({term.id: term for term in terms})


GAP_DOMAINS = _vocabulary(
    Term(
        "access-to-care",
        "Access to care",
        "Whether people reach the care they need, and reach it in time.",
        PERINATAL_PROGRAMME,
    ),
    Term(
        "quality-of-care",
        "Quality of care",
        "Whether the care received is equally safe, effective and kind.",
        PERINATAL_PROGRAMME,
    ),
    Term(
        "healthy-life",
        "Opportunities for a healthy life",
        "The conditions in which people are born, live and work.",
        PERINATAL_PROGRAMME,
    ),
    Term(
        "individual-agency",
        "Individual agency in managing health",
        "Whether people can take part in decisions about their own health.",
        PERINATAL_PROGRAMME,
    ),
)

SOCIOECONOMIC = "socioeconomic"
PROTECTED = "protected-characteristic"
GEOGRAPHY = "geography"
VULNERABLE = "vulnerable"

POPULATION_FAMILIES = _vocabulary(
    Term(SOCIOECONOMIC, "Socioeconomic", "Work, income and place of living.", PERINATAL_PROGRAMME),
    Term(
        PROTECTED,
        "Protected characteristics",
        "Characteristics protected by equality law.",
        PERINATAL_PROGRAMME,
    ),
    Term(GEOGRAPHY, "Exclusion through geography", "Where people live.", PERINATAL_PROGRAMME),
    Term(
        VULNERABLE,
        "Vulnerable and inclusion-health groups",
        "Groups that are socially excluded and often missing from routine data.",
        INCLUSION_HEALTH,
    ),
)


def _group(id: str, label: str, family: str, source: str = PERINATAL_PROGRAMME) -> Term:
    family_label = POPULATION_FAMILIES[family].label.lower()
    return Term(id, label, f"Population group ({family_label}).", source, family)


POPULATION_GROUPS = _vocabulary(
    _group("unemployed", "Unemployed people", SOCIOECONOMIC),
    _group("low-income", "People on low incomes", SOCIOECONOMIC),
    _group("deprived-area", "People in deprived areas", SOCIOECONOMIC),
    _group("age", "Age", PROTECTED),
    _group("sex", "Sex", PROTECTED),
    _group("ethnicity", "Ethnicity", PROTECTED, INCLUSION_HEALTH),
    _group("religion", "Religion", PROTECTED),
    _group("sexual-orientation", "Sexual orientation", PROTECTED),
    _group("disability", "Disability", PROTECTED),
    _group("rural", "Rural communities", GEOGRAPHY),
    _group("urban", "Urban communities", GEOGRAPHY),
    _group("coastal", "Coastal communities", GEOGRAPHY, INCLUSION_HEALTH),
    _group("homeless", "People experiencing homelessness", VULNERABLE),
    _group("gypsy-roma-traveller", "Gypsy, Roma and Traveller communities", VULNERABLE),
    _group("sex-workers", "Sex workers", VULNERABLE),
    _group("vulnerable-migrants", "Vulnerable migrants", VULNERABLE),
    _group(
        "justice-system",
        "People in contact with the justice system",
        VULNERABLE,
        INCLUSION_HEALTH,
    ),
    _group(
        "drug-and-alcohol-dependence",
        "People with drug and alcohol dependence",
        VULNERABLE,
        INCLUSION_HEALTH,
    ),
    _group(
        "learning-disability-and-autism",
        "People with a learning disability and autistic people",
        VULNERABLE,
        INCLUSION_HEALTH,
    ),
    _group("multimorbidity", "People with multimorbidity", VULNERABLE, INCLUSION_HEALTH),
)

TARGET_POPULATIONS = _vocabulary(
    Term(
        "core20",
        "Core20",
        "The most deprived 20% of the national population by the Index of Multiple Deprivation.",
        INCLUSION_HEALTH,
    ),
    Term(
        "plus",
        "PLUS",
        "Population groups chosen locally because they fare worse than average.",
        INCLUSION_HEALTH,
    ),
)

WORKSTREAMS = _vocabulary(
    Term("culture", "Culture", "How teams work and learn together.", INCLUSION_HEALTH),
    Term(
        "service-user-experience",
        "Service user experience",
        "What people who use the service say of it.",
        INCLUSION_HEALTH,
    ),
    Term(
        "systems-and-processes",
        "Systems and processes",
        "Pathways, records and referral.",
        INCLUSION_HEALTH,
    ),
    Term(
        "learning-from-incidents-and-excellence",
        "Learning from incidents and excellence",
        "What went wrong, what went well, and what follows from it.",
        INCLUSION_HEALTH,
    ),
    Term(
        "clinical-innovation-and-excellence",
        "Clinical innovation and excellence",
        "New or better clinical practice.",
        INCLUSION_HEALTH,
    ),
)

CLINICAL_PRIORITIES = _vocabulary(
    Term(
        "cardiovascular",
        "Cardiovascular disease",
        "Clinical priority, adults.",
        GOOD_PRACTICE_GUIDE,
    ),
    Term("mental-health", "Mental health", "Clinical priority, adults.", GOOD_PRACTICE_GUIDE),
    Term("maternity", "Maternity", "Clinical priority, adults.", GOOD_PRACTICE_GUIDE),
    Term("respiratory", "Respiratory disease", "Clinical priority, adults.", GOOD_PRACTICE_GUIDE),
    Term("cancer", "Cancer", "Clinical priority, adults.", GOOD_PRACTICE_GUIDE),
)

_CYP_NOTE = "Clinical priority, children and young people."
CLINICAL_PRIORITIES_CYP = _vocabulary(
    Term("asthma", "Asthma", _CYP_NOTE, CORE20PLUS5_CYP),
    Term("diabetes", "Diabetes", _CYP_NOTE, CORE20PLUS5_CYP),
    Term("epilepsy", "Epilepsy", _CYP_NOTE, CORE20PLUS5_CYP),
    Term("oral-health", "Oral health", _CYP_NOTE, CORE20PLUS5_CYP),
    Term("mental-health", "Mental health", _CYP_NOTE, CORE20PLUS5_CYP),
)

PLEDGES = _vocabulary(
    Term(
        "pledge-1",
        "The NHS takes action on equity for mothers and babies and race equality for staff",
        "Understand the population and co-produce; maternal mortality, morbidity and experience; "
        "perinatal mortality and morbidity; support staff; create the conditions.",
        PLEDGES_2021,
    ),
    Term(
        "pledge-2",
        "Local systems set out plans",
        "Analysis by 30 November 2021, co-produced plan by 28 February 2022.",
        PLEDGES_2021,
    ),
    Term(
        "pledge-3",
        "Local systems receive support",
        "Support for local maternity systems in making and carrying out their plans.",
        PLEDGES_2021,
        recalled=True,
    ),
    Term(
        "pledge-4",
        "The NHS measures progress",
        "Progress towards equity is measured and published.",
        PLEDGES_2021,
    ),
)

GUIDANCE_PRIORITIES = _vocabulary(
    Term(
        "priority-1",
        "Restore services inclusively",
        "Services come back for everyone, not first for those who find their way.",
        EQUITY_GUIDANCE,
    ),
    Term(
        "priority-2",
        "Mitigate digital exclusion",
        "Nobody is left out because care moved online.",
        EQUITY_GUIDANCE,
    ),
    Term(
        "priority-3",
        "Complete and timely data",
        "Ethnicity and deprivation are recorded, completely and in time.",
        EQUITY_GUIDANCE,
    ),
    Term(
        "priority-4",
        "Accelerate prevention",
        "Preventive programmes reach those at greatest risk.",
        EQUITY_GUIDANCE,
    ),
    Term(
        "priority-5",
        "Leadership and accountability",
        "Somebody answers for progress on equity.",
        EQUITY_GUIDANCE,
        recalled=True,
    ),
)

#: Every vocabulary by the key that a parameters file uses for it in its programme block.
VOCABULARIES: Mapping[str, Vocabulary] = MappingProxyType(
    {
        "gap_domains": GAP_DOMAINS,
        "population_groups": POPULATION_GROUPS,
        "target_populations": TARGET_POPULATIONS,
        "workstreams": WORKSTREAMS,
        "clinical_priorities": CLINICAL_PRIORITIES,
        "clinical_priorities_cyp": CLINICAL_PRIORITIES_CYP,
        "pledges": PLEDGES,
        "guidance_priorities": GUIDANCE_PRIORITIES,
    }
)
