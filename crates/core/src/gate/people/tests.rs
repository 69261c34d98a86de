//! Forged, replayed and void decisions, none of which may count; and decisions that do.

use super::super::tests::{digest, name, open};
use super::super::{
    ApprovalFact, DecisionFact, Dossier, InvolvedFacts, ReleasedFacts, SignedFact, judge,
};
use evenkeel_model::{Digest, Moment};
use evenkeel_signature::testing::{Algorithm, Forgery, Key};
use evenkeel_signature::{Decision, Hash, NAMESPACE, STATEMENT_FORMAT, Statement};

const ADA: u8 = 1;
const ADAS_OTHER: u8 = 2;
const BEA: u8 = 3;
const EXPIRED: u8 = 4;
const EARLY: u8 = 5;
const FOR_GIT: u8 = 6;
const STRANGER: u8 = 9;

fn key(seed: u8) -> Key {
    Key::new(Algorithm::Ed25519, seed)
}

fn line(seed: u8) -> String {
    key(seed).public().line()
}

/// Returns the file of approvers. The dossier is of 1970-01-12.
fn approvers() -> String {
    format!(
        "ada@example.com,ada@old.example,role:manager {}\n\
         ada@example.com {}\n\
         bea@example.com,bea,role:manager namespaces=\"release@evenkeel.dev\" {}\n\
         eve@example.com valid-before=\"19700110Z\" {}\n\
         fay@example.com valid-after=\"19700201Z\" {}\n\
         gil@example.com namespaces=\"git\" {}\n",
        line(ADA),
        line(ADAS_OTHER),
        line(BEA),
        line(EXPIRED),
        line(EARLY),
        line(FOR_GIT),
    )
}

/// Returns a dossier that needs two signed approvals and has none.
fn unapproved() -> Dossier {
    let mut dossier = open();
    dossier.approvals.clear();
    dossier.policy.approvals = 2;
    dossier.approvers = Some(approvers());
    dossier
}

/// Returns the decision of a person about the plan of a dossier. Nonces and times follow from `number`.
fn statement(dossier: &Dossier, decision: Decision, by: &str, number: u8) -> Statement {
    Statement {
        format: STATEMENT_FORMAT.to_owned(),
        system: dossier.system.clone(),
        environment: dossier.production.clone(),
        plan: dossier.release.plan,
        recipe: dossier.release.recipe,
        evidence: dossier.evidence_digest,
        policy: dossier.policy_digest(),
        decision,
        reason: "looks right".to_owned(),
        by: by.to_owned(),
        at: Moment::from_millisecond(900_000_000 + i64::from(number)),
        nonce: format!("{number:032x}"),
        incident: None,
    }
}

fn sign(statement: &str, key: &Key) -> SignedFact {
    SignedFact {
        statement: statement.to_owned(),
        signature: key.sign(statement.as_bytes(), NAMESPACE, Hash::Sha512),
    }
}

fn recorded(dossier: &mut Dossier, signed: Option<SignedFact>) {
    let sequence = 10 + dossier.approvals.len() as u64 + dossier.decisions.len() as u64;
    dossier.approvals.push(ApprovalFact {
        by: "runner".into(),
        plan: dossier.release.plan,
        evidence: dossier.evidence_digest,
        at: dossier.at,
        reason: "looks right".into(),
        sequence: Some(sequence),
        signed,
    });
}

fn decided(dossier: &mut Dossier, withdraws: bool, signed: SignedFact) {
    let sequence = 10 + dossier.approvals.len() as u64 + dossier.decisions.len() as u64;
    dossier.decisions.push(DecisionFact {
        withdraws,
        by: "runner".into(),
        plan: dossier.release.plan,
        at: dossier.at,
        reason: "so".into(),
        sequence,
        signed: Some(signed),
    });
}

/// Adds an approval by a person, with a key.
fn approve(dossier: &mut Dossier, by: &str, seed: u8, number: u8) {
    let text = statement(dossier, Decision::Approve, by, number)
        .text()
        .unwrap();
    recorded(dossier, Some(sign(&text, &key(seed))));
}

/// Adds an approval whose statement was changed before it was signed.
fn approve_with(dossier: &mut Dossier, by: &str, seed: u8, change: fn(&mut Statement)) {
    let mut statement = statement(dossier, Decision::Approve, by, 50);
    change(&mut statement);
    recorded(dossier, Some(sign(&statement.text().unwrap(), &key(seed))));
}

/// Adds an approval by Bea whose text is changed before it is signed.
fn approve_text(dossier: &mut Dossier, change: fn(String) -> String) {
    let text = statement(dossier, Decision::Approve, "bea@example.com", 50)
        .text()
        .unwrap();
    recorded(dossier, Some(sign(&change(text), &key(BEA))));
}

/// Adds an approval by Bea whose record is changed after it was signed.
fn approve_spoilt(dossier: &mut Dossier, change: fn(&mut SignedFact)) {
    let text = statement(dossier, Decision::Approve, "bea@example.com", 50)
        .text()
        .unwrap();
    let mut signed = sign(&text, &key(BEA));
    change(&mut signed);
    recorded(dossier, Some(signed));
}

/// Adds an approval with a forged signature, of Bea's key unless another one is claimed.
fn approve_forged(dossier: &mut Dossier, change: fn(&mut Forgery<'_>)) {
    let (bea, stranger) = (key(BEA), key(STRANGER));
    let claimed = bea.public();
    let mut forgery = Forgery {
        claimed: &claimed,
        namespace: NAMESPACE,
        hash: "sha512",
        reserved: b"",
        signer: &bea,
        signed_namespace: NAMESPACE,
        signed_hash: Hash::Sha512,
    };
    change(&mut forgery);
    // A function without surroundings cannot name the other key.
    if forgery.reserved == b"stranger" {
        forgery.reserved = b"";
        forgery.signer = &stranger;
    }
    let statement = statement(dossier, Decision::Approve, "bea@example.com", 50);
    let text = statement.text().unwrap();
    let signature = forgery.armor(text.as_bytes());
    recorded(
        dossier,
        Some(SignedFact {
            statement: text,
            signature,
        }),
    );
}

type Forge = fn(&mut Dossier);

/// Attempts at a second approval beside Ada's honest one.
const FORGERIES: &[(&str, Forge)] = &[
    ("a copy of the entry", |it| {
        let copy = it.approvals[0].signed.clone();
        recorded(it, copy);
    }),
    ("the same key again", |it| {
        approve(it, "ada@example.com", ADA, 7);
    }),
    ("the same key under an alias", |it| {
        approve(it, "ada@old.example", ADA, 7);
    }),
    ("a second key of the person", |it| {
        approve(it, "ada@example.com", ADAS_OTHER, 7);
    }),
    ("a second key in another person's name", |it| {
        approve(it, "bea@example.com", ADAS_OTHER, 7);
    }),
    ("another person's key in the same name", |it| {
        approve(it, "ada@example.com", BEA, 7);
    }),
    ("a key that is not listed", |it| {
        approve(it, "bea@example.com", STRANGER, 7);
    }),
    ("a person who is not listed", |it| {
        approve(it, "zoe@example.com", STRANGER, 7);
    }),
    ("a name that looks alike", |it| {
        approve(it, "be\u{430}@example.com", BEA, 7);
    }),
    ("a role as the name", |it| {
        approve(it, "role:manager", BEA, 7);
    }),
    ("an expired key", |it| {
        approve(it, "eve@example.com", EXPIRED, 7);
    }),
    ("a key that is not valid yet", |it| {
        approve(it, "fay@example.com", EARLY, 7);
    }),
    ("a key for another namespace", |it| {
        approve(it, "gil@example.com", FOR_GIT, 7);
    }),
    ("a signature for another namespace", |it| {
        approve_spoilt(it, |signed| {
            signed.signature = key(BEA).sign(signed.statement.as_bytes(), "git", Hash::Sha512);
        });
    }),
    ("a namespace with a blank", |it| {
        approve_spoilt(it, |signed| {
            let namespace = format!("{NAMESPACE} ");
            signed.signature = key(BEA).sign(signed.statement.as_bytes(), &namespace, Hash::Sha512);
        });
    }),
    ("a renamed namespace", |it| {
        approve_forged(it, |forgery| forgery.signed_namespace = "git");
    }),
    ("another key that signed", |it| {
        approve_forged(it, |forgery| forgery.reserved = b"stranger");
    }),
    ("another hash", |it| {
        approve_forged(it, |forgery| forgery.signed_hash = Hash::Sha256);
    }),
    ("a weak hash", |it| {
        approve_forged(it, |forgery| forgery.hash = "sha1");
    }),
    ("reserved bytes", |it| {
        approve_forged(it, |forgery| forgery.reserved = b"x");
    }),
    ("another system", |it| {
        approve_with(it, "bea@example.com", BEA, |it| it.system = "shop".into());
    }),
    ("another environment", |it| {
        approve_with(it, "bea@example.com", BEA, |it| {
            it.environment = name("staging");
        });
    }),
    ("another plan", |it| {
        approve_with(it, "bea@example.com", BEA, |it| it.plan = digest("another"));
    }),
    ("another recipe", |it| {
        approve_with(it, "bea@example.com", BEA, |it| {
            it.recipe = digest("another");
        });
    }),
    ("other evidence", |it| {
        approve_with(it, "bea@example.com", BEA, |it| {
            it.evidence = digest("another");
        });
    }),
    ("another policy", |it| {
        approve_with(it, "bea@example.com", BEA, |it| {
            it.policy = digest("another");
        });
    }),
    ("a rejection as an approval", |it| {
        approve_with(it, "bea@example.com", BEA, |it| {
            it.decision = Decision::Reject;
        });
    }),
    ("a withdrawal as an approval", |it| {
        approve_with(it, "bea@example.com", BEA, |it| {
            it.decision = Decision::Withdraw;
        });
    }),
    ("a changed byte", |it| {
        approve_spoilt(it, |signed| {
            signed.statement = signed.statement.replace("looks right", "looks rigHt");
        });
    }),
    ("a replay with the plan replaced", |it| {
        let mut other = it.clone();
        other.release.plan = digest("another");
        let statement = statement(&other, Decision::Approve, "bea@example.com", 50);
        let mut signed = sign(&statement.text().unwrap(), &key(BEA));
        let (from, to) = (other.release.plan.to_string(), it.release.plan.to_string());
        signed.statement = signed.statement.replace(&from, &to);
        recorded(it, Some(signed));
    }),
    ("another nonce", |it| {
        approve_spoilt(it, |signed| {
            signed.statement = signed
                .statement
                .replace(&format!("{:032x}", 50), &format!("{:032x}", 51));
        });
    }),
    ("another person's signature", |it| {
        let honest = it.approvals[0].signed.clone().unwrap();
        let text = statement(it, Decision::Approve, "bea@example.com", 50)
            .text()
            .unwrap();
        recorded(
            it,
            Some(SignedFact {
                statement: text,
                signature: honest.signature,
            }),
        );
    }),
    ("another person's statement", |it| {
        let honest = it.approvals[0].signed.clone().unwrap();
        let text = statement(it, Decision::Approve, "bea@example.com", 50)
            .text()
            .unwrap();
        recorded(
            it,
            Some(SignedFact {
                statement: honest.statement,
                signature: sign(&text, &key(BEA)).signature,
            }),
        );
    }),
    ("a cut armor", |it| {
        approve_spoilt(it, |signed| {
            signed.signature.truncate(signed.signature.len() / 2);
        });
    }),
    ("an empty signature", |it| {
        approve_spoilt(it, |signed| signed.signature.clear());
    }),
    ("two signatures", |it| {
        approve_spoilt(it, |signed| signed.signature = signed.signature.repeat(2));
    }),
    ("an unknown field", |it| {
        approve_text(it, |text| text.replacen('{', "{\"a\":1,", 1));
    }),
    ("a repeated field", |it| {
        approve_text(it, |text| {
            text.replacen('{', "{\"by\":\"bea@example.com\",", 1)
        });
    }),
    ("blanks", |it| {
        approve_text(it, |text| text.replacen(':', ": ", 1));
    }),
    ("a trailing line feed", |it| {
        approve_text(it, |text| text + "\n");
    }),
    ("another format", |it| {
        approve_text(it, |text| text.replacen("decision 1", "decision 2", 1));
    }),
    ("an empty statement", |it| {
        approve_text(it, |_| String::new());
    }),
    ("an unsigned record", |it| recorded(it, None)),
    ("an unsigned record in the person's name", |it| {
        recorded(it, None);
        it.approvals[1].by = "bea@example.com".into();
    }),
    ("a record without an account", |it| {
        approve(it, "bea@example.com", BEA, 7);
        it.approvals[1].by.clear();
    }),
    ("a record of the future", |it| {
        approve(it, "bea@example.com", BEA, 7);
        it.approvals[1].at = Moment::from_millisecond(it.at.as_millisecond() + 1);
    }),
    ("a record about another plan", |it| {
        approve(it, "bea@example.com", BEA, 7);
        it.approvals[1].plan = digest("another");
    }),
    ("a withdrawn approval", |it| {
        approve(it, "bea@example.com", BEA, 7);
        let text = statement(it, Decision::Withdraw, "bea@example.com", 8)
            .text()
            .unwrap();
        decided(it, true, sign(&text, &key(BEA)));
    }),
    ("a withdrawn approval, recorded again", |it| {
        approve(it, "bea@example.com", BEA, 7);
        let copy = it.approvals[1].signed.clone();
        let text = statement(it, Decision::Withdraw, "bea@example.com", 8)
            .text()
            .unwrap();
        decided(it, true, sign(&text, &key(BEA)));
        recorded(it, copy);
    }),
    ("an earlier approval, recorded after the withdrawal", |it| {
        approve(it, "bea@example.com", BEA, 7);
        let text = statement(it, Decision::Withdraw, "bea@example.com", 8)
            .text()
            .unwrap();
        decided(it, true, sign(&text, &key(BEA)));
        approve(it, "bea@example.com", BEA, 6);
    }),
    ("an approval after a rejection", |it| {
        let text = statement(it, Decision::Reject, "bea@example.com", 7)
            .text()
            .unwrap();
        decided(it, false, sign(&text, &key(BEA)));
        approve(it, "bea@example.com", BEA, 8);
    }),
];

/// Forgeries of the whole dossier, to which both approvals belong.
const VOID: &[(&str, Forge)] = &[
    ("a removed line", |it| {
        let bea = line(BEA);
        let text = approvers();
        let kept: Vec<&str> = text.lines().filter(|line| !line.contains(&bea)).collect();
        it.approvers = Some(kept.join("\n"));
    }),
    ("an added line", |it| {
        it.approvers = Some(format!("{}zoe {}\n", approvers(), line(STRANGER)));
    }),
    ("a file with an error", |it| {
        it.approvers = Some(format!("{}x\n", approvers()));
    }),
    ("an empty file", |it| it.approvers = Some(String::new())),
    ("no file", |it| it.approvers = None),
    ("another plan", |it| it.release.plan = digest("another")),
    ("another recipe", |it| it.release.recipe = digest("another")),
    ("other evidence", |it| {
        it.evidence_digest = digest("another");
    }),
    ("another policy", |it| it.policy.evidence_max_age += 1),
    ("another path", |it| it.path.insert(0, name("qa"))),
    ("another severity", |it| {
        it.severities = Some(std::collections::BTreeMap::new());
    }),
    ("another environment", |it| {
        it.production = name("elsewhere");
    }),
    ("another system", |it| it.system = "shop".into()),
];

fn approving(dossier: &Dossier) -> usize {
    dossier.decided().approving().count()
}

fn codes(dossier: &Dossier) -> Vec<String> {
    let verdict = judge(dossier);
    verdict
        .reasons
        .into_iter()
        .map(|reason| reason.code)
        .collect()
}

#[test]
fn two_people_open_the_gate() {
    let mut dossier = unapproved();
    assert_eq!(codes(&dossier), ["gate/not-approved"]);
    approve(&mut dossier, "ada@example.com", ADA, 1);
    assert_eq!(codes(&dossier), ["gate/not-approved"]);
    approve(&mut dossier, "bea@example.com", BEA, 2);
    let verdict = judge(&dossier);
    assert!(verdict.open, "{:?}", verdict.reasons);
    // In any order, and with a second approval of one of them.
    approve(&mut dossier, "ada@example.com", ADAS_OTHER, 3);
    dossier.approvals.reverse();
    assert!(judge(&dossier).open);
}

#[test]
fn no_forgery_counts() {
    assert!(FORGERIES.len() >= 40, "{}", FORGERIES.len());
    for (what, forge) in FORGERIES {
        let mut dossier = unapproved();
        approve(&mut dossier, "ada@example.com", ADA, 1);
        assert_eq!(approving(&dossier), 1, "{what}");
        forge(&mut dossier);
        assert_eq!(approving(&dossier), 1, "{what}");
        assert!(!judge(&dossier).open, "{what}");
    }
}

#[test]
fn every_change_makes_approvals_void() {
    for (what, change) in VOID {
        let mut dossier = unapproved();
        approve(&mut dossier, "ada@example.com", ADA, 1);
        approve(&mut dossier, "bea@example.com", BEA, 2);
        assert_eq!(approving(&dossier), 2, "{what}");
        change(&mut dossier);
        assert_eq!(approving(&dossier), 0, "{what}");
        assert!(
            codes(&dossier).contains(&"gate/not-approved".to_owned()),
            "{what}"
        );
    }
}

#[test]
fn reasons_name_the_person_and_the_cause() {
    let mut dossier = unapproved();
    approve(&mut dossier, "ada@example.com", ADA, 1);
    approve(&mut dossier, "eve@example.com", EXPIRED, 2);
    approve_with(&mut dossier, "bea@example.com", BEA, |it| {
        it.evidence = digest("another");
    });
    let reason = &judge(&dossier).reasons[0].message;
    assert_eq!(
        *reason,
        format!(
            "1 of 2 approvals given; not counted: bea@example.com: it is for other evidence, runner: the key {} of \
             eve@example.com expired on 1970-01-10T00:00:00Z",
            key(EXPIRED).public().fingerprint()
        )
    );
}

#[test]
fn excluded_people_and_other_roles_do_not_count() {
    let judge = |involved: Option<InvolvedFacts>, exclude: &[&str], role: Option<&str>| {
        let mut dossier = unapproved();
        dossier.policy.approvals_exclude = exclude.iter().map(|each| (*each).to_owned()).collect();
        dossier.policy.approvals_role = role.map(str::to_owned);
        dossier.involved = involved;
        approve(&mut dossier, "ada@example.com", ADA, 1);
        approve(&mut dossier, "bea@example.com", BEA, 2);
        let decided = dossier.decided();
        decided.approving().map(str::to_owned).collect::<Vec<_>>()
    };
    let involved = |authors: Option<&[&str]>, deliverers: &[&str]| {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Some(InvolvedFacts {
            authors: authors.map(set),
            deliverers: set(deliverers),
        })
    };
    let (ada, bea) = ("ada@example.com", "bea@example.com");
    assert_eq!(
        judge(involved(Some(&["Ada@OLD.example"]), &[]), &["author"], None),
        [bea]
    );
    assert_eq!(
        judge(involved(Some(&[ada, bea]), &[]), &["author"], None),
        [""; 0]
    );
    assert_eq!(
        judge(
            involved(Some(&["x@y"]), &["bea"]),
            &["author", "deliverer"],
            None
        ),
        [ada]
    );
    assert_eq!(
        judge(involved(Some(&[ada]), &["bea"]), &["deliverer"], None),
        [ada]
    );
    assert_eq!(
        judge(
            involved(Some(&[]), &["ci:github/x"]),
            &["author", "deliverer"],
            None
        ),
        [ada, bea]
    );
    // Unknown facts exclude everyone.
    assert_eq!(judge(involved(None, &[]), &["author"], None), [""; 0]);
    assert_eq!(judge(None, &["deliverer"], None), [""; 0]);
    assert_eq!(judge(None, &[], Some("manager")), [ada, bea]);
    assert_eq!(judge(None, &[], Some("boss")), [""; 0]);
    // A role belongs to a key.
    let mut dossier = unapproved();
    dossier.policy.approvals_role = Some("manager".into());
    approve(&mut dossier, ada, ADAS_OTHER, 1);
    assert_eq!(approving(&dossier), 0);
    approve(&mut dossier, ada, ADA, 2);
    assert_eq!(approving(&dossier), 1);
}

#[test]
fn a_rejection_shuts_the_gate_until_it_is_withdrawn() {
    let mut dossier = unapproved();
    approve(&mut dossier, "ada@example.com", ADA, 1);
    approve(&mut dossier, "bea@example.com", BEA, 2);
    let reject = |dossier: &mut Dossier, by: &str, seed: u8, number: u8| {
        let text = statement(dossier, Decision::Reject, by, number)
            .text()
            .unwrap();
        decided(dossier, false, sign(&text, &key(seed)));
    };
    let withdraw = |dossier: &mut Dossier, by: &str, seed: u8, number: u8| {
        let text = statement(dossier, Decision::Withdraw, by, number)
            .text()
            .unwrap();
        decided(dossier, true, sign(&text, &key(seed)));
    };
    reject(&mut dossier, "bea@example.com", BEA, 10);
    assert_eq!(codes(&dossier), ["gate/rejected", "gate/not-approved"]);
    // Another person, an unlisted key, an earlier withdrawal.
    withdraw(&mut dossier, "ada@example.com", ADA, 11);
    withdraw(&mut dossier, "bea@example.com", STRANGER, 12);
    withdraw(&mut dossier, "bea@example.com", BEA, 9);
    assert!(codes(&dossier).contains(&"gate/rejected".to_owned()));
    withdraw(&mut dossier, "bea@example.com", BEA, 13);
    assert_eq!(codes(&dossier), ["gate/not-approved"]);
    approve(&mut dossier, "ada@example.com", ADA, 14);
    approve(&mut dossier, "bea@example.com", BEA, 15);
    assert!(judge(&dossier).open);
    // A rejection that arrives late shuts the gate.
    reject(&mut dossier, "ada@example.com", ADA, 3);
    assert!(codes(&dossier).contains(&"gate/rejected".to_owned()));
    // For other evidence too, but not for another plan.
    dossier.evidence_digest = digest("another");
    assert!(codes(&dossier).contains(&"gate/rejected".to_owned()));
    dossier.release.plan = digest("another");
    assert!(!codes(&dossier).contains(&"gate/rejected".to_owned()));
}

/// A clock that is ahead may shut the gate at once, and open it never.
#[test]
fn a_decision_of_a_fast_clock_counts_only_where_it_shuts_the_gate() {
    let later =
        |dossier: &Dossier| Moment::from_millisecond(dossier.at.as_millisecond() + 3_600_000);
    let signed = |dossier: &Dossier, decision, number| {
        let text = statement(dossier, decision, "bea@example.com", number);
        sign(&text.text().unwrap(), &key(BEA))
    };
    for accounts in [false, true] {
        let mut dossier = unapproved();
        if accounts {
            dossier.approvers = None;
            recorded(&mut dossier, None);
            recorded(&mut dossier, None);
            dossier.approvals[1].by = "ada".into();
        } else {
            approve(&mut dossier, "ada@example.com", ADA, 1);
            approve(&mut dossier, "bea@example.com", BEA, 2);
        }
        assert!(judge(&dossier).open);
        let add = |dossier: &mut Dossier, decision: Decision, number: u8| {
            let fact = signed(dossier, decision, number);
            decided(dossier, decision == Decision::Withdraw, fact);
            let at = later(dossier);
            let last = dossier.decisions.last_mut().unwrap();
            last.at = at;
            if accounts {
                last.signed = None;
            }
        };
        // A withdrawn approval is missing at once.
        let mut withdrawn = dossier.clone();
        add(&mut withdrawn, Decision::Withdraw, 10);
        assert_eq!(codes(&withdrawn), ["gate/not-approved"]);
        // A rejection counts at once, and its withdrawal when its time has come.
        add(&mut dossier, Decision::Reject, 10);
        assert_eq!(codes(&dossier), ["gate/rejected", "gate/not-approved"]);
        add(&mut dossier, Decision::Withdraw, 11);
        assert_eq!(codes(&dossier), ["gate/rejected", "gate/not-approved"]);
        dossier.at = later(&dossier);
        assert_eq!(codes(&dossier), ["gate/not-approved"]);
    }
    // The key was valid when the gate was judged.
    let mut dossier = unapproved();
    dossier.approvers = Some(format!(
        "ada@example.com {}\nbea@example.com valid-before=\"19700112Z\" {}\n",
        line(ADA),
        line(BEA)
    ));
    dossier.at = Moment::from_millisecond(900_000_000);
    let fact = signed(&dossier, Decision::Reject, 1);
    decided(&mut dossier, false, fact);
    dossier.decisions[0].at = Moment::from_millisecond(990_000_000);
    assert!(codes(&dossier).contains(&"gate/rejected".to_owned()));
    // An approval says why it does not count.
    let mut dossier = unapproved();
    approve(&mut dossier, "bea@example.com", BEA, 1);
    dossier.approvals[0].at = later(&dossier);
    assert!(
        judge(&dossier).reasons[0]
            .message
            .contains("one of the clocks is wrong")
    );
}

#[test]
fn a_person_who_was_removed_still_rejects() {
    let mut dossier = unapproved();
    let text = statement(&dossier, Decision::Reject, "bea@example.com", 1)
        .text()
        .unwrap();
    decided(&mut dossier, false, sign(&text, &key(BEA)));
    dossier.released = Some(ReleasedFacts {
        release: "r-1".into(),
        environments: [name("production")].into(),
        commit: Some("abc".into()),
        is_older: false,
        demands: Some(dossier.demands()),
    });
    dossier.approvers = Some(format!("ada@example.com {}\n", line(ADA)));
    assert!(codes(&dossier).contains(&"gate/rejected".to_owned()));
}

#[test]
fn an_added_key_is_approved_with_earlier_keys() {
    let mut dossier = unapproved();
    dossier.policy.approvals = 1;
    dossier.released = Some(ReleasedFacts {
        release: "r-1".into(),
        environments: [name("production")].into(),
        commit: Some("abc".into()),
        is_older: false,
        demands: Some(dossier.demands()),
    });
    dossier.approvers = Some(format!(
        "{}zoe@example.com {}\n",
        approvers(),
        line(STRANGER)
    ));
    approve(&mut dossier, "zoe@example.com", STRANGER, 1);
    assert_eq!(codes(&dossier), ["gate/weakened"]);
    let message = &judge(&dossier).reasons[0].message;
    assert!(message.contains("`approvers` adds the key"), "{message}");
    assert!(message.contains("0 of 1 approval given"), "{message}");
    approve(&mut dossier, "ada@example.com", ADA, 2);
    assert!(judge(&dossier).open, "{:?}", judge(&dossier).reasons);
    // Without the file, accounts would approve.
    dossier.approvals.clear();
    dossier.approvers = None;
    recorded(&mut dossier, None);
    assert_eq!(codes(&dossier), ["gate/weakened"]);
    approve(&mut dossier, "ada@example.com", ADA, 2);
    assert!(judge(&dossier).open, "{:?}", judge(&dossier).reasons);
}

#[test]
fn accounts_approve_without_a_file() {
    let mut dossier = unapproved();
    dossier.approvers = None;
    for by in ["ada", "bea", "ci:github/shop"] {
        recorded(&mut dossier, None);
        dossier.approvals.last_mut().unwrap().by = by.into();
    }
    let decided = dossier.decided();
    assert_eq!(decided.approving().collect::<Vec<_>>(), ["ada", "bea"]);
    assert!(judge(&dossier).open);
    let other = |withdraws, by: &str, sequence| DecisionFact {
        withdraws,
        by: by.into(),
        plan: digest("plan"),
        at: open().at,
        reason: "so".into(),
        sequence,
        signed: None,
    };
    dossier.decisions.push(other(false, "ada", 20));
    assert_eq!(codes(&dossier), ["gate/rejected", "gate/not-approved"]);
    dossier.decisions.push(other(true, "bea", 21));
    assert_eq!(approving(&dossier), 0);
    dossier.decisions.push(other(true, "ada", 22));
    assert_eq!(codes(&dossier), ["gate/not-approved"]);
}

#[test]
fn a_dossier_without_the_new_facts_is_read_and_written_as_before() {
    let before = serde_json::to_string(&open()).unwrap();
    for field in [
        "approvers",
        "decisions",
        "involved",
        "sequence",
        "signed",
        "approvals-exclude",
    ] {
        assert!(!before.contains(&format!("\"{field}\"")), "{field}");
    }
    let read: Dossier = serde_json::from_str(&before).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), before);
    assert!(judge(&read).open);
    // The other facts survive a round trip, and give the same verdict.
    let mut dossier = unapproved();
    approve(&mut dossier, "ada@example.com", ADA, 1);
    approve(&mut dossier, "bea@example.com", BEA, 2);
    let text = serde_json::to_string(&dossier).unwrap();
    let read: Dossier = serde_json::from_str(&text).unwrap();
    assert!(judge(&read).open);
    assert_eq!(read.policy_digest(), dossier.policy_digest());
    let _: Digest = read.policy_digest();
}
