"""Only the holder of a secret can make a seal; everybody can check it."""

from dataclasses import replace

import pytest

from etf_platform.core.config.governance import GovernanceConfig, Person
from etf_platform.core.errors import BadInputError, GateClosedError
from etf_platform.governance import ed25519, ledger, people
from etf_platform_tests.governance.conftest import SECRETS

# RFC 8032, section 7.1: secret key, public key, message, signature
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("seed", "public", "message", "signature"), VECTORS)
def test_signatures_are_those_of_the_standard(seed, public, message, signature):
    made = ed25519.sign(bytes.fromhex(seed), bytes.fromhex(message))

    assert made.hex() == signature
    assert ed25519.public_key(bytes.fromhex(seed)).hex() == public
    assert ed25519.verify(bytes.fromhex(public), bytes.fromhex(message), made)


@pytest.mark.parametrize("bit", [0, 100, 255, 256, 300, 511])
def test_one_changed_bit_breaks_a_signature(bit):
    _seed, public, message, signature = (bytes.fromhex(part) for part in VECTORS[2])
    forged = bytearray(signature)
    forged[bit // 8] ^= 1 << (bit % 8)

    assert not ed25519.verify(public, message, bytes(forged))


def test_a_sealed_event_is_valid_and_names_its_seal(staff, event):
    sealed = staff.seal(event(kind="release.approved", by="Zhao Min", role="risk"))

    assert people.verify(staff.config, sealed)
    assert sealed.key.startswith("k1#")


def test_sealing_twice_gives_the_same_event(staff, event):
    once = staff.seal(event(by="Zhao Min", role="risk"))

    assert staff.seal(once) == once


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "r2"},
        {"kind": "freeze.off"},
        {"by": "Li Wei", "role": "research"},
        {"by": "Sun Hao"},
        {"role": "product"},
        {"payload": {"reason": "another"}},
        {"key": "k2#000000000000"},
        {"seal": ""},
        {"seal": "00" * 64},
        {"seal": "no hex"},
    ],
)
def test_whatever_is_changed_afterwards_breaks_the_seal(staff, event, change):
    sealed = staff.seal(event(kind="release.approved", by="Zhao Min", role="risk"))

    assert not people.verify(staff.config, replace(sealed, **change))


def test_a_seal_moved_to_another_key_does_not_count(staff, event):
    sealed = staff.seal(event(by="Zhao Min", role="risk"))

    assert not people.verify(staff.config, replace(sealed, key=sealed.key + "1"))


@pytest.mark.parametrize(
    ("name", "role", "secret", "saw"),
    [
        ("risk_owner", "risk", "a field of winter barley", "placeholder"),
        ("", "risk", "a field of winter barley", "placeholder"),
        ("Nobody", "risk", "a field of winter barley", "not in governance.yaml"),
        ("Zhao Min", "engineering", "a field of winter barley", "has not the role"),
        ("Zhao Min", "risk", "", "empty"),
        ("Zhao Min", "risk", "a field of summer barley", "not the one"),
    ],
)
def test_who_may_not_sign_is_refused(staff, name, role, secret, saw):
    with pytest.raises(GateClosedError, match=saw):
        people.sign(staff.config, name, role, secret, "text")


def test_one_person_for_all_three_roles_is_refused():
    with pytest.raises(GateClosedError, match="one person"):
        people.refuse_one_for_all({"research": "Sun Hao", "engineering": "sun hao ", "risk": "Sun Hao"})
    people.refuse_one_for_all({"research": "Sun Hao", "engineering": "Sun Hao", "risk": "Zhao Min"})


def test_a_verifier_does_not_hold_the_secret_and_differs_by_salt():
    first, second = people.new_verifier("a field of winter barley"), people.new_verifier("a field of winter barley")

    assert first != second
    assert "barley" not in first


def test_a_short_secret_is_refused():
    with pytest.raises(BadInputError, match="fewer than 12"):
        people.new_verifier("barley")


def test_seals_outlive_a_new_secret_and_a_leaving(staff, event):
    old = staff.seal(event(by="Zhao Min", role="risk"))
    person = staff.config.people["Zhao Min"]
    new = Person(
        roles=person.roles,
        verifier=people.new_verifier("quite another secret", cost=10),
        former=(person.verifier,),
        left=True,
    )
    config = GovernanceConfig(people={"Zhao Min": new})

    assert people.verify(config, old)
    with pytest.raises(GateClosedError, match="left"):
        people.sign(config, "Zhao Min", "risk", "quite another secret", "text")
    with pytest.raises(GateClosedError, match="not the one"):
        people.sign(
            config.model_copy(update={"people": {"Zhao Min": new.model_copy(update={"left": False})}}),
            "Zhao Min",
            "risk",
            SECRETS["Zhao Min"],
            "text",
        )


def test_the_audit_lists_what_does_not_count(staff, event):
    good = [event("a"), staff.seal(event("b", kind="freeze.off", by="Zhao Min", role="risk"))]
    bad = [
        event("c", kind="freeze.off"),
        event("d", by="Zhao Min", role="risk"),
        event("e", seal="00" * 64),
        replace(good[1], subject="r9"),
    ]

    assert ledger.counted(staff.config, [*bad, *good]) == good
    assert [finding.reason for finding in ledger.audit(staff.config, [*good, *bad])] == [
        "freeze.off is a person's act",
        "no seal",
        "a part of the platform cannot seal",
        "the seal does not fit",
    ]
