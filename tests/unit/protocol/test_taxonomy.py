"""The vocabularies, against the lists of the five programme documents."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from equieval.protocol import taxonomy

EXPECTED = {
    "gap_domains": ["access-to-care", "quality-of-care", "healthy-life", "individual-agency"],
    "population_groups": [
        "unemployed",
        "low-income",
        "deprived-area",
        "age",
        "sex",
        "ethnicity",
        "religion",
        "sexual-orientation",
        "disability",
        "rural",
        "urban",
        "coastal",
        "homeless",
        "gypsy-roma-traveller",
        "sex-workers",
        "vulnerable-migrants",
        "justice-system",
        "drug-and-alcohol-dependence",
        "learning-disability-and-autism",
        "multimorbidity",
    ],
    "target_populations": ["core20", "plus"],
    "workstreams": [
        "culture",
        "service-user-experience",
        "systems-and-processes",
        "learning-from-incidents-and-excellence",
        "clinical-innovation-and-excellence",
    ],
    "clinical_priorities": [
        "cardiovascular",
        "mental-health",
        "maternity",
        "respiratory",
        "cancer",
    ],
    "clinical_priorities_cyp": ["asthma", "diabetes", "epilepsy", "oral-health", "mental-health"],
    "pledges": ["pledge-1", "pledge-2", "pledge-3", "pledge-4"],
    "guidance_priorities": ["priority-1", "priority-2", "priority-3", "priority-4", "priority-5"],
}


def test_every_vocabulary_holds_exactly_the_terms_of_the_documents() -> None:
    assert {key: list(terms) for key, terms in taxonomy.VOCABULARIES.items()} == EXPECTED


def test_every_term_has_a_label_a_note_and_a_source() -> None:
    for terms in taxonomy.VOCABULARIES.values():
        for id, term in terms.items():
            assert term.id == id
            assert term.label
            assert term.note
            assert term.source


def test_facts_that_were_recalled_are_marked() -> None:
    recalled = [
        term.id
        for terms in taxonomy.VOCABULARIES.values()
        for term in terms.values()
        if term.recalled
    ]
    assert recalled == ["pledge-3", "priority-5"]


def test_every_population_group_belongs_to_one_of_four_families() -> None:
    families = {group.family for group in taxonomy.POPULATION_GROUPS.values()}
    assert families == set(taxonomy.POPULATION_FAMILIES)
    assert len(families) == 4


def test_a_vocabulary_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        taxonomy.WORKSTREAMS["new"] = taxonomy.WORKSTREAMS["culture"]  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        taxonomy.WORKSTREAMS["culture"].label = "x"  # type: ignore[misc]
