//! Law of the first day: in any repository in which `init` finds something, `baseline` and then `drift` exit with 0,
//! and no likely pair stays undeclared.
//!
//! Repositories are generated: layouts, formats, names of environments, sections, bases, and unrelated files.
//! `EVENKEEL_TEST_ALL=1` generates 500 of them.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use super::adopted::map;
use super::injected::Chance;
use super::world::TestWorld;

const ENVIRONMENTS: &[&[&str]] = &[
    &["staging", "production"],
    &["qa", "live"],
    &["uat", "prod"],
    &["preprod", "prd"],
    &["Staging", "Production"],
    &["QA", "Prod"],
    &["dev", "stg", "prod"],
    &["qa", "staging", "production"],
    &["pre-prod", "prod"],
    &["dev", "prod"],
];

const STEMS: &[&str] = &[
    "values",
    "app",
    "config",
    "compose",
    "application",
    "hosts",
    "web.api",
    "Settings",
];

struct Generated {
    chance: Chance,
    files: Vec<(String, String)>,
}

impl Generated {
    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.chance.below(all.len())]
    }

    fn number(&mut self) -> usize {
        self.chance.below(4)
    }

    /// Returns a text of a format. Keys repeat, so that documents share some.
    fn text(&mut self, ending: &str) -> String {
        let mut text = String::new();
        match ending {
            "json" => {
                let (one, two) = (self.number(), self.number());
                format!(
                    "{{\"a\": {one}, \"b\": {{\"c\": [{two}, {one}], \"password\": \"p{two}xyz\"}}}}\n"
                )
            }
            "env" => {
                for key in ["A", "B", "API_TOKEN", "URL"] {
                    if !self.chance.one_in(4) {
                        let _ = writeln!(text, "{key}=v{}", self.number());
                    }
                }
                text
            }
            "ini" | "toml" => {
                let quote = if ending == "toml" { "\"" } else { "" };
                for section in ["a", "b"] {
                    let _ = writeln!(text, "[{section}]");
                    for key in ["x", "y", "secret"] {
                        if !self.chance.one_in(4) {
                            let _ = writeln!(text, "{key} = {quote}v{}{quote}", self.number());
                        }
                    }
                }
                text
            }
            "tfvars" => {
                let (one, two) = (self.number(), self.number());
                format!(
                    "size = \"s{one}\"\nhosts = [\"h{two}\", \"h{one}\"]\ntags = {{ a = {two} }}\n"
                )
            }
            "conf" => {
                for _ in 0..self.chance.below(6) {
                    let _ = writeln!(text, "listen {};", self.number());
                }
                text
            }
            _ => map(&mut self.chance, 3) + "\n",
        }
    }

    /// Adds one thing in all environments, in one of the layouts.
    fn thing(&mut self, number: usize, environments: &[&str]) {
        let folder = self.pick(&["", "deploy/", "apps/web/", "charts/shop/", "config/"]);
        let folder = format!("{folder}s{number}/");
        let stem = self.pick(STEMS);
        let ending = self.pick(&[
            "yaml", "yml", "json", "env", "ini", "toml", "tfvars", "conf", "", "data",
        ]);
        let dot = if ending.is_empty() { "" } else { "." };
        match self.chance.below(9) {
            0..=2 => {
                let between = self.pick(&["-", ".", "_"]);
                for environment in environments {
                    let text = self.text(ending);
                    let path = format!("{folder}{stem}{between}{environment}{dot}{ending}");
                    self.files.push((path, text));
                }
                if self.chance.one_in(2) {
                    let text = self.text(ending);
                    self.files
                        .push((format!("{folder}{stem}{dot}{ending}"), text));
                }
            }
            3 => {
                for environment in environments {
                    let text = self.text(ending);
                    let path = format!("{folder}{environment}-{stem}{dot}{ending}");
                    self.files.push((path, text));
                }
            }
            4 | 5 => {
                for environment in environments {
                    for name in ["one", "two", "three"] {
                        if !self.chance.one_in(5) {
                            let text = self.text(ending);
                            let path = format!("{folder}{environment}/{name}{dot}{ending}");
                            self.files.push((path, text));
                        }
                    }
                }
            }
            6 => {
                let mut text = String::from("common: {a: 1}\nenv:\n");
                for environment in environments {
                    let _ = writeln!(text, "  {environment}: {}", map(&mut self.chance, 2));
                }
                self.files.push((format!("{folder}{stem}.yaml"), text));
            }
            7 => {
                let mut text = String::from("profiles:\n");
                for environment in environments {
                    let (one, two) = (self.number(), self.number());
                    let _ = writeln!(text, "- {{name: {environment}, a: {one}, b: {two}}}");
                }
                self.files.push((format!("{folder}{stem}.yaml"), text));
            }
            _ => {
                let mut text = String::from("port: 1\n");
                for environment in environments {
                    let (one, two) = (self.number(), self.number());
                    let _ = write!(
                        text,
                        "---\nspring.config.activate.on-profile: {environment}\nport: {one}\nlevel: v{two}\n"
                    );
                }
                self.files.push((format!("{folder}application.yml"), text));
            }
        }
    }

    /// Adds unrelated files.
    fn noise(&mut self) {
        let noise: &[&[(&str, &str)]] = &[
            &[("README.md", "staging and production\n")],
            &[
                ("tests/app-staging.yaml", "a: 1\n"),
                ("tests/app-production.yaml", "a: 2\n"),
            ],
            &[("logo-staging.png", "x"), ("logo-production.png", "y")],
            &[("values-production.yaml", "a: 1\n")],
            &[
                ("vault-staging.yml", "$ANSIBLE_VAULT;1.1;AES256\n61\n"),
                ("vault-production.yml", "$ANSIBLE_VAULT;1.1;AES256\n62\n"),
            ],
            &[
                ("ci.yaml", "a: production\n"),
                ("ci-staging.yaml", "a: production\n"),
            ],
            &[("x-dev.yaml", "a: 1\n"), ("x-prod.yaml", "a: 2\n")],
            &[("src/staging.rs", "a\n"), ("src/production.rs", "b\n")],
            &[("package.json", "{\"scripts\": {\"a:staging\": \"b\"}}\n")],
            &[
                (".env.staging.example", "A=1\n"),
                (".env.production.example", "A=2\n"),
            ],
        ];
        let chosen = noise[self.chance.below(noise.len())];
        let own = chosen
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        self.files.extend(own);
    }
}

fn generated(seed: u64) -> Vec<(String, String)> {
    let mut own = Generated {
        chance: Chance(seed),
        files: Vec::new(),
    };
    let environments = ENVIRONMENTS[own.chance.below(ENVIRONMENTS.len())];
    for number in 0..=own.chance.below(4) {
        own.thing(number, environments);
    }
    for _ in 0..own.chance.below(3) {
        own.noise();
    }
    own.files
}

/// Returns whether something was found.
fn holds(seed: u64) -> bool {
    let world = TestWorld::empty();
    let files = generated(seed);
    for (path, text) in &files {
        world.write(path, text);
    }
    // Most are outside of git, which is faster.
    if seed.is_multiple_of(8) {
        world.commit();
    }
    let ran = world.run(&["init"]);
    if ran.code == 1 && !world.path("environments").exists() {
        return false;
    }
    assert_eq!(ran.code, 0, "seed {seed}: {}\n{files:?}", ran.all());
    let ran = world.run(&["baseline"]);
    assert_eq!(ran.code, 0, "seed {seed}: {}\n{files:?}", ran.all());
    for arguments in [&["drift", "--parity"][..], &["drift"]] {
        let ran = world.run(arguments);
        assert_eq!(ran.code, 0, "seed {seed}: {}\n{files:?}", ran.all());
    }
    true
}

#[test]
fn init_then_baseline_then_drift_is_clean_in_any_repository() {
    let count = if std::env::var_os("EVENKEEL_TEST_ALL").is_some() {
        500
    } else {
        60
    };
    let next = AtomicU64::new(0);
    let found = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= count {
                        break;
                    }
                    if holds(seed) {
                        found.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    // Nearly all of them have something to find.
    let found = found.into_inner();
    assert!(found * 10 >= count * 9, "{found} of {count}");
}
