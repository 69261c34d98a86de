//! People: signed approvals with real SSH keys, rejections, and approvals without access to the ledger.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use evenkeel::operation::{self, OfflineRequest};
use evenkeel::report::Report;
use evenkeel_ledger::folder::FolderStore;
use evenkeel_ledger::record::Signed;
use evenkeel_ledger::{Record, Store as _, chain};
use evenkeel_signature::Statement;

use super::inside::{Inside, Outcome, expect, refused, words};
use super::world::{SYSTEM, TestWorld};

const TWO: &str = "[release]\napprovals = 2\n";

/// Project with people and their keys. The keys are beside the project, which is committed whole.
pub struct Team {
    /// Project with recorded targets.
    pub inside: Inside,
    keys: tempfile::TempDir,
}

impl Team {
    /// Creates a committed project with this policy and these people, each with one key.
    pub fn new(policy: &str, people: &[&str]) -> Self {
        let system = SYSTEM.replace("[release]\nuncommitted = true\n", policy);
        let team = Self {
            inside: Inside::new(TestWorld::with(&system)),
            keys: tempfile::tempdir().unwrap(),
        };
        let lines: String = people
            .iter()
            .map(|person| format!("{person}@example.com {}", team.made(person)))
            .collect();
        team.inside.world.write("environments/approvers", &lines);
        team.inside.world.commit();
        team
    }

    /// Returns the file of a person's key.
    pub fn key(&self, person: &str) -> PathBuf {
        self.keys.path().join(person)
    }

    /// Makes a key, and returns its public line.
    pub fn made(&self, person: &str) -> String {
        let key = self.key(person);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", person, "-f"])
            .arg(&key)
            .output()
            .expect("ssh-keygen starts");
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        std::fs::read_to_string(key.with_extension("pub")).unwrap()
    }

    /// Approves as a person.
    pub fn approve(&self, plan: &str, person: &str) -> Outcome {
        let key = self.key(person);
        self.inside.decide(operation::approve, plan, Some(&key))
    }

    /// Delivers, and returns the plan to approve.
    pub fn delivered(&self) -> String {
        plan_of(&expect(0, self.inside.deliver()))
    }

    /// Returns the signed statements of the ledger.
    fn signed(&self) -> Vec<Signed> {
        let store = FolderStore::new(&self.inside.world.path(".evenkeel"));
        let ledger = store.open(None).unwrap().unwrap();
        let mut found = Vec::new();
        ledger
            .each(0, &mut |entry| {
                let record = chain::understand(&entry)?;
                found.extend(record.as_ref().and_then(Record::signed).cloned());
                Ok(())
            })
            .unwrap();
        found
    }
}

fn plan_of(report: &Report) -> String {
    report.verdict.as_ref().unwrap().plan.clone()
}

fn shut_by(report: &Report) -> Vec<String> {
    let rules = &report.verdict.as_ref().unwrap().rules;
    let failed = rules.iter().filter(|rule| !rule.holds);
    failed.map(|rule| rule.code.to_string()).collect()
}

/// The people of the newest release approve a rollback, not those of the restored commit.
#[test]
fn a_rollback_is_approved_with_a_key_and_rejected_with_one() {
    let team = Team::new(
        "[release]\napprovals = 1\nrollback-approvals = 1\n",
        &["ada"],
    );
    let release = || {
        let plan = team.delivered();
        expect(0, team.approve(&plan, "ada"));
        expect(0, team.inside.release());
    };
    release();
    let bea = format!("bea@example.com {}", team.made("bea"));
    team.inside.world.add("environments/approvers", &bea);
    let template = "greeting = \"{{ greeting }} again\"\n";
    team.inside
        .world
        .write("environments/config.toml.j2", template);
    team.inside.world.commit();
    release();
    let plan = plan_of(&expect(3, team.inside.rollback()));
    let key = team.key("bea");
    let decide = |decision| team.inside.decide(decision, &plan, Some(&key));
    expect(0, decide(operation::reject));
    let shut = shut_by(&expect(3, team.inside.rollback()));
    assert_eq!(shut, ["gate/rejected", "gate/not-approved"]);
    expect(0, decide(operation::withdraw));
    // A decision about a rollback is about this plan only.
    refused(4, "out of date", &team.inside.approve("123456"));
    expect(0, decide(operation::approve));
    expect(8, team.inside.rollback());
}

#[test]
fn two_people_approve_with_their_keys() {
    let team = Team::new(TWO, &["ada", "bea"]);
    let plan = team.delivered();
    // Without a key, the account does not approve.
    refused(
        1,
        "no SSH key that `approvers` lists",
        &team.inside.approve(&plan),
    );
    let report = expect(0, team.approve(&plan, "ada"));
    let decision = &report.verdict.as_ref().unwrap().decisions[0];
    assert_eq!(decision.by, "ada@example.com");
    assert!(decision.signed && decision.approves);
    assert_eq!(shut_by(&report), ["gate/not-approved"]);
    assert_eq!(
        shut_by(&expect(3, team.inside.release())),
        ["gate/not-approved"]
    );
    let again = expect(0, team.approve(&plan, "ada"));
    assert!(words(&Ok(again)).contains("you already approved this"));
    assert_eq!(team.signed().len(), 1);
    // A commit that changes no plan leaves the approval valid.
    team.inside.world.write("notes.txt", "nothing");
    team.inside.world.commit();
    let report = expect(0, team.approve(&plan, "bea"));
    assert!(report.verdict.unwrap().open);
    let released = expect(0, team.inside.release());
    assert_eq!(released.release.as_deref(), Some("r-1"));
    let shown = expect(
        0,
        team.inside
            .with(|world, location| operation::show(world, location, "r-1")),
    );
    let shown = words(&Ok(shown));
    for person in ["ada@example.com", "bea@example.com"] {
        assert!(
            shown.contains(&format!("{person} (signed with SHA256:")),
            "{shown}"
        );
    }
    expect(0, team.inside.audit());
}

#[test]
fn ssh_keygen_accepts_what_the_ledger_keeps() {
    let team = Team::new("[release]\napprovals = 1\n", &["ada"]);
    let plan = team.delivered();
    expect(0, team.approve(&plan, "ada"));
    let signed = team.signed().remove(0);
    let folder = team.keys.path();
    std::fs::write(folder.join("statement"), &signed.statement).unwrap();
    std::fs::write(folder.join("signature"), &signed.signature).unwrap();
    let verify = |person: &str| {
        Command::new("ssh-keygen")
            .args([
                "-Y",
                "verify",
                "-n",
                "release@evenkeel.dev",
                "-I",
                person,
                "-s",
            ])
            .arg(folder.join("signature"))
            .arg("-f")
            .arg(team.inside.world.path("environments/approvers"))
            .stdin(std::fs::File::open(folder.join("statement")).unwrap())
            .output()
            .unwrap()
            .status
            .success()
    };
    assert!(verify("ada@example.com"));
    assert!(!verify("bea@example.com"));
    let statement: serde_json::Value = serde_json::from_str(&signed.statement).unwrap();
    assert_eq!(statement["plan"], plan);
    assert_eq!(statement["environment"], "production");
    for digest in ["recipe", "evidence", "policy"] {
        assert!(statement[digest].as_str().unwrap().starts_with("blake3:"));
    }
}

#[test]
fn a_key_that_is_not_listed_records_nothing() {
    let team = Team::new(TWO, &["ada", "bea"]);
    let plan = team.delivered();
    team.made("eve");
    refused(
        3,
        "is not listed in `approvers`",
        &team.approve(&plan, "eve"),
    );
    refused(1, "no such file", &team.approve(&plan, "nothing"));
    assert!(team.signed().is_empty());
    // An edit that is not committed lists no person.
    let eve = std::fs::read_to_string(team.key("eve.pub")).unwrap();
    team.inside
        .world
        .add("environments/approvers", &format!("eve {eve}"));
    let report = expect(3, team.approve(&plan, "ada"));
    assert!(shut_by(&report).contains(&"gate/not-committed".to_owned()));
    refused(
        3,
        "is not listed in `approvers`",
        &team
            .inside
            .decide(operation::reject, &plan, Some(&team.key("eve"))),
    );
    assert!(team.signed().is_empty());
}

#[test]
fn a_changed_file_of_approvers_makes_approvals_void() {
    let team = Team::new(TWO, &["ada", "bea"]);
    let plan = team.delivered();
    expect(0, team.approve(&plan, "ada"));
    expect(0, team.approve(&plan, "bea"));
    team.inside
        .world
        .add("environments/approvers", "# reviewed\n");
    team.inside.world.commit();
    let report = expect(3, team.inside.release());
    assert_eq!(shut_by(&report), ["gate/not-approved"]);
    assert!(words(&Ok(report)).contains("it is for another policy or other approvers"));
    expect(0, team.approve(&plan, "ada"));
    expect(0, team.approve(&plan, "bea"));
    expect(0, team.inside.release());
}

#[test]
fn a_rejection_shuts_the_gate_until_it_is_withdrawn() {
    let team = Team::new("[release]\napprovals = 1\n", &["ada", "bea"]);
    let plan = team.delivered();
    let decide = |decision, person: &str| {
        let key = team.key(person);
        team.inside.decide(decision, &plan, Some(&key))
    };
    refused(
        3,
        "nothing to withdraw",
        &decide(operation::withdraw, "bea"),
    );
    expect(0, decide(operation::approve, "ada"));
    let report = expect(0, decide(operation::reject, "bea"));
    assert_eq!(shut_by(&report), ["gate/rejected"]);
    assert!(
        words(&Ok(expect(0, decide(operation::reject, "bea"))))
            .contains("you already rejected this")
    );
    assert_eq!(
        shut_by(&expect(3, team.inside.release())),
        ["gate/rejected"]
    );
    // Approvals of other people do not outweigh it, and the same person must withdraw it first.
    expect(3, decide(operation::approve, "bea"));
    let report = expect(0, decide(operation::withdraw, "bea"));
    assert!(report.verdict.unwrap().open);
    // The own approval can be withdrawn, too.
    let report = expect(0, decide(operation::withdraw, "ada"));
    assert_eq!(shut_by(&report), ["gate/not-approved"]);
    expect(0, decide(operation::approve, "bea"));
    expect(0, team.inside.release());
    let log = words(&team.inside.log());
    for kind in ["approved", "rejected", "withdrawn"] {
        assert!(log.contains(&format!("\"kind\":\"{kind}\"")), "{kind}");
    }
}

#[test]
fn authors_and_deliverers_do_not_approve_their_own_change() {
    let policy = "[release]\napprovals = 1\napprovals-exclude = [\"author\", \"deliverer\"]\n";
    let team = Team::new(policy, &["ada", "bea", "test"]);
    let world = &team.inside.world;
    world.replace(
        "environments/approvers",
        "ada@example.com",
        "ada@example.com,ada",
    );
    world.replace(
        "environments/approvers",
        "test@example.com",
        "test@example.com,test@example.invalid",
    );
    world.commit();
    let plan = team.delivered();
    refused(
        3,
        "the person is an author of the change",
        &team.approve(&plan, "test"),
    );
    refused(
        3,
        "the person delivered the change",
        &team.approve(&plan, "ada"),
    );
    assert!(team.signed().is_empty());
    expect(0, team.approve(&plan, "bea"));
    expect(0, team.inside.release());
}

#[test]
fn a_role_is_required_of_the_key() {
    let policy = "[release]\napprovals = 1\napprovals-role = \"manager\"\n";
    let team = Team::new(policy, &["ada", "bea"]);
    refused(
        1,
        "lists 0 people with role:manager",
        &team.inside.deliver(),
    );
    let world = &team.inside.world;
    world.replace(
        "environments/approvers",
        "bea@example.com",
        "bea@example.com,role:manager",
    );
    world.commit();
    let plan = team.delivered();
    refused(
        3,
        "its key does not have role:manager",
        &team.approve(&plan, "ada"),
    );
    expect(0, team.approve(&plan, "bea"));
}

#[test]
fn a_person_without_the_ledger_signs_offline() {
    let team = Team::new(TWO, &["ada", "bea"]);
    let plan = team.delivered();
    let (request, answer) = (team.key("request"), team.key("answer"));
    expect(
        0,
        team.inside
            .with(|world, location| operation::request_approval(world, location, None, &request)),
    );
    let sign = |clone: &Inside| {
        clone.with(|world, location| {
            operation::approve_offline(
                world,
                location,
                OfflineRequest {
                    request: &request,
                    reason: "read on the train",
                    key: Some(&team.key("bea")),
                    output: &answer,
                    confirm: &|_| true,
                },
            )
        })
    };
    let clone = clone_of(&team);
    let report = expect(0, sign(&clone));
    assert!(words(&Ok(report)).contains("bea@example.com signed the approval"));
    assert!(!clone.world.path(".evenkeel/ledger.db").exists());
    let import = || {
        team.inside
            .with(|world, location| operation::import_approval(world, location, &answer))
    };
    let report = expect(0, import());
    assert!(words(&Ok(report)).contains("bea@example.com approved plan"));
    let again = expect(0, import());
    assert!(words(&Ok(again)).contains("you already approved this"));
    assert_eq!(team.signed().len(), 1);
    assert!(team.signed()[0].statement.contains("read on the train"));
    expect(0, team.approve(&plan, "ada"));
    // A changed answer, and one for another plan.
    let text = std::fs::read_to_string(&answer).unwrap();
    std::fs::write(&answer, text.replace("on the train", "on the tram")).unwrap();
    refused(3, "does not match the statement", &import());
    std::fs::write(&answer, &text).unwrap();
    team.inside.world.write(
        "environments/config.toml.j2",
        "greeting = \"{{ greeting }}, again\"\n",
    );
    team.inside.world.commit();
    team.delivered();
    refused(4, "is out of date", &import());
    // The request is for the earlier commit and policy.
    clone
        .world
        .write("environments/config.toml.j2", "changed\n");
    refused(4, "check it out first", &sign(&clone));
    std::fs::write(&answer, "{}").unwrap();
    refused(1, "not a signed decision", &import());
}

/// A plan of equal effect is the same plan: a comment changes neither the recipe nor the requirements.
#[test]
fn an_approval_survives_a_plan_of_equal_effect() {
    let team = Team::new("[release]\napprovals = 1\n", &["ada"]);
    let plan = team.delivered();
    expect(0, team.approve(&plan, "ada"));
    let inside = &team.inside;
    inside
        .world
        .add("environments/system.toml", "# Nothing changes.\n");
    inside.world.commit();
    let report = expect(2, inside.plan("production"));
    assert_eq!(report.plans[0].digest, plan);
    expect(0, inside.release());
    expect(0, inside.audit());
    // Requirements are part of what was approved, also where accounts approve.
    let inside = Inside::new(TestWorld::with(
        &SYSTEM.replace("uncommitted = true\n", "approvals = 1\n"),
    ));
    inside.world.commit();
    let plan = expect(0, inside.deliver()).verdict.unwrap().plan;
    expect(0, inside.approve(&plan));
    inside.world.replace(
        "environments/system.toml",
        "approvals = 1\n",
        "approvals = 1\nevidence-max-age = \"300d\"\n",
    );
    inside.world.commit();
    let report = expect(3, inside.release());
    assert_ne!(report.verdict.unwrap().plan, plan);
}

/// The policy and the people are those of the last release, whose commit the person checks out.
#[test]
fn a_rollback_is_approved_offline() {
    let policy = "[release]\napprovals = 1\nrollback-approvals = 1\n";
    let team = Team::new(policy, &["ada", "bea"]);
    let inside = &team.inside;
    let release = || {
        let plan = team.delivered();
        expect(0, team.approve(&plan, "ada"));
        expect(0, inside.release());
    };
    release();
    inside.world.write(
        "environments/config.toml.j2",
        "greeting = \"{{ greeting }}, again\"\n",
    );
    inside.world.commit();
    release();
    let plan = expect(3, inside.rollback()).verdict.unwrap().plan;
    let (request, answer) = (team.key("request"), team.key("answer"));
    let requested = |plan: &str| {
        inside.with(|world, location| {
            operation::request_approval(world, location, Some(plan), &request)
        })
    };
    refused(4, "is out of date", &requested("00000000"));
    expect(0, requested(&plan));
    let sign = |clone: &Inside| {
        clone.with(|world, location| {
            operation::approve_offline(
                world,
                location,
                OfflineRequest {
                    request: &request,
                    reason: "the second greeting is wrong",
                    key: Some(&team.key("bea")),
                    output: &answer,
                    confirm: &|_| true,
                },
            )
        })
    };
    let clone = clone_of(&team);
    let report = words(&Ok(expect(0, sign(&clone))));
    assert!(report.contains("it rolls back r-2 to r-1"), "{report}");
    // The restored release's own commit has another policy, perhaps.
    clone.world.git(&["checkout", "--quiet", "HEAD~1"]);
    refused(4, "check it out first", &sign(&clone));
    let import =
        || inside.with(|world, location| operation::import_approval(world, location, &answer));
    let report = expect(0, import());
    assert_eq!(report.next, ["evenkeel rollback production --to r-1"]);
    expect(8, inside.rollback());
    expect(0, inside.audit());
}

/// Returns a clone of a team's project, with its own targets.
fn clone_of(team: &Team) -> Inside {
    let world = TestWorld::empty();
    let from = team.inside.world.path("");
    world.git(&["clone", "--quiet", from.to_str().unwrap(), "."]);
    Inside::of(world)
}

#[test]
fn the_key_comes_from_git_or_the_agent() {
    struct Agent(Child);
    impl Drop for Agent {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
    let team = Team::new(TWO, &["ada", "bea"]);
    let plan = team.delivered();
    let ada = team.key("ada.pub");
    team.inside
        .world
        .git(&["config", "user.signingkey", ada.to_str().unwrap()]);
    let report = expect(0, team.inside.approve(&plan));
    assert_eq!(report.verdict.unwrap().decisions[0].by, "ada@example.com");
    team.inside
        .world
        .git(&["config", "--unset", "user.signingkey"]);

    let socket = team.key("agent");
    let _agent = Agent(
        Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let add = |key: &Path, options: &[&str]| {
        Command::new("ssh-add")
            .arg("-q")
            .args(options)
            .arg(key)
            .env("SSH_AUTH_SOCK", &socket)
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    };
    assert!((0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        add(&team.key("bea"), &[])
    }));
    let variable = socket.to_str().unwrap().to_owned();
    team.inside
        .variables
        .borrow_mut()
        .insert("SSH_AUTH_SOCK".into(), variable);
    add(&team.key("ada"), &[]);
    refused(
        64,
        "the SSH agent has keys of ada@example.com and bea@example.com",
        &team.inside.approve(&plan),
    );
    add(&ada, &["-d"]);
    // The private half is in the agent only.
    std::fs::remove_file(team.key("bea")).unwrap();
    let report = expect(0, team.inside.approve(&plan));
    assert!(report.verdict.unwrap().open);
}

#[test]
fn every_error_of_the_file_is_a_defect_at_its_place() {
    let team = Team::new(TWO, &["ada", "bea"]);
    team.inside.world.add(
        "environments/approvers",
        "*@example.com ssh-ed25519 AAAA\ncarl cert-authority ssh-ed25519 AAAA\n",
    );
    let ran = team.inside.world.expect(1, &["validate"]);
    ran.says("environments/approvers:3:1")
        .says("a pattern cannot name a person")
        .says("environments/approvers:4:6")
        .says("certificate authorities are not supported");
    team.inside.world.write("environments/approvers", "");
    let ran = team.inside.world.expect(1, &["validate"]);
    ran.says("2 approvals needed, and environments/approvers lists 0 people");
    std::fs::remove_file(team.inside.world.path("environments/approvers")).unwrap();
    team.inside.world.replace(
        "environments/system.toml",
        "approvals = 2",
        "approvals-role = \"boss\"",
    );
    let ran = team.inside.world.expect(1, &["validate"]);
    ran.says("`approvals-role` has no effect without environments/approvers");
}

#[test]
fn a_ci_runner_is_no_person() {
    let system = SYSTEM.replace(
        "[release]\nuncommitted = true\n",
        "[release]\napprovals = 1\n",
    );
    let inside = Inside::new(TestWorld::with(&system));
    inside.world.commit();
    let plan = plan_of(&expect(0, inside.deliver()));
    *inside.actor.borrow_mut() = "ci:github/acme/shop".into();
    for decision in [operation::approve, operation::reject, operation::withdraw] {
        refused(
            3,
            "ci:github/acme/shop is a CI runner",
            &inside.decide(decision, &plan, None),
        );
    }
    *inside.actor.borrow_mut() = "ada".into();
    refused(
        64,
        "--key has no effect",
        &inside.decide(operation::approve, &plan, Some(Path::new("x"))),
    );
    let report = expect(0, inside.approve(&plan));
    let report = words(&Ok(report));
    assert!(report.contains("ada approved plan"), "{report}");
    assert!(report.contains("(not signed)"), "{report}");
}

/// With approvers, another person than the one who broke the glass signs the follow-up.
#[test]
fn a_follow_up_is_signed_by_another_person() {
    let team = Team::new("[release]\napprovals = 1\n", &["ada", "grace"]);
    let inside = &team.inside;
    "deploy".clone_into(&mut inside.actor.borrow_mut());
    let ada = team.key("ada");
    expect(
        0,
        inside.with(|world, location| {
            let request = operation::BreakGlassRequest {
                environment: "production",
                reason: "checkout is down",
                incident: "INC-42",
                plan: None,
                confirm: None,
                wait: None,
                key: Some(&ada),
            };
            operation::break_glass(world, location, request)
        }),
    );
    let follow_up = |key: Option<&Path>| {
        inside.with(|world, location| operation::follow_up(world, location, "b-1", "reviewed", key))
    };
    refused(
        3,
        "another person must follow it up",
        &follow_up(Some(&team.key("ada"))),
    );
    let report = expect(0, follow_up(Some(&team.key("grace"))));
    assert!(report.break_glass.is_empty());
    let store = FolderStore::new(&inside.world.path(".evenkeel"));
    let ledger = store.open(Some("small")).unwrap().unwrap();
    let last = ledger.read(0).unwrap().pop().unwrap();
    let Some(Record::FollowedUp(followed)) = chain::understand(&last).unwrap() else {
        panic!("{}", last.kind);
    };
    assert_eq!(followed.signed.unwrap().person, "grace@example.com");
    let entries = ledger.read(0).unwrap();
    let glass = entries.iter().find(|entry| entry.kind == "glass-broken");
    let Some(Record::GlassBroken(glass)) = chain::understand(glass.unwrap()).unwrap() else {
        panic!("no break-glass");
    };
    let signed = glass.signed.unwrap();
    assert_eq!(
        (&*signed.person, &*glass.by.name),
        ("ada@example.com", "deploy")
    );
    let statement = Statement::read(signed.statement.as_bytes()).unwrap();
    assert_eq!(statement.incident.as_deref(), Some("INC-42"));
    assert_eq!(
        (statement.evidence, statement.plan),
        (glass.dossier, glass.plan)
    );
    let audit = expect(0, inside.audit());
    assert!(words(&Ok(audit)).contains("2 signed decisions and 1 release, all proven"));
}

#[test]
fn only_a_listed_person_breaks_the_glass() {
    let team = Team::new("[release]\napprovals = 1\n", &["ada"]);
    team.made("mallory");
    let inside = &team.inside;
    let broken = |key: Option<&Path>| {
        inside.with(|world, location| {
            let request = operation::BreakGlassRequest {
                environment: "production",
                reason: "checkout is down",
                incident: "INC-42",
                plan: None,
                confirm: None,
                wait: None,
                key,
            };
            operation::break_glass(world, location, request)
        })
    };
    refused(3, "is not listed", &broken(Some(&team.key("mallory"))));
    refused(1, "no SSH key that `approvers` lists", &broken(None));
    assert_eq!(inside.asked("production"), 0);
}
