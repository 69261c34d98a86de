//! Injected causes in an estate: one after the other, each with its differing places.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Place;
use super::service::{ACCOUNTS, DOMAINS, Estate};
use super::tree::{at, entries};

/// Injected cause.
#[derive(Debug)]
pub struct Expected {
    pub sort: &'static str,
    pub code: &'static str,
    pub severity: &'static str,
    /// Rank in the order of findings: the smaller comes first.
    pub rank: u8,
    pub places: BTreeSet<Place>,
}

/// All sorts of causes.
pub const SORTS: &[&str] = &[
    "foreign database",
    "flag and what is below it",
    "wildcard",
    "empty value",
    "inverted memory",
    "inverted instance",
    "inverted without a unit",
    "one and many",
    "smaller processors",
    "smaller disks",
    "shifted schedules",
    "rarer schedules",
    "the same element missing",
    "the same key missing everywhere",
    "a lone key missing",
    "keys missing together",
    "keys missing at the root",
    "one address for many",
    "one window for many",
    "the same keys missing in several maps",
    "an exchanged key",
    "a mention in what is missing",
    "hashes of contents",
    "a copied id",
    "a lone deviation",
    "one pair of values",
    "another image",
    "another order of a command",
    "secrets",
    "another type",
    "a missing file",
    "a list of all environments",
    "a network's prefix",
    "names on one side",
    "a shared database",
];

struct Injection<'e> {
    estate: &'e mut Estate,
    expected: Vec<Expected>,
}

/// Injects causes of most sorts into an estate.
pub fn inject(estate: &mut Estate, seed: u64) -> Vec<Expected> {
    let mut injection = Injection {
        estate,
        expected: Vec::new(),
    };
    for (number, sort) in SORTS.iter().enumerate() {
        // Every estate lacks other sorts, so that the first finding differs each time.
        if (number as u64 + seed) % 5 != 4 {
            injection.put(sort);
        }
    }
    injection.expected
}

impl Injection<'_> {
    fn count(&mut self, least: usize, most: usize) -> usize {
        least + self.estate.chance.below(most - least + 1)
    }

    /// Changes some services of a document in both environments, and records the returned places.
    fn each(
        &mut self,
        document: &str,
        count: usize,
        mut change: impl FnMut(usize, &str, &mut Value, &mut Value) -> Vec<String>,
    ) -> BTreeSet<Place> {
        let mut places = BTreeSet::new();
        for (turn, number) in self.estate.some(document, count).into_iter().enumerate() {
            let service = &mut self.estate.services[number];
            let name = service.name.clone();
            let [Some(staging), Some(production)] = &mut service.trees else {
                panic!("{name} lacks a file");
            };
            let paths = change(turn, &name, staging, production);
            places.extend(paths.iter().map(|path| service.place(path)));
        }
        places
    }

    fn expect(
        &mut self,
        sort: &'static str,
        code: &'static str,
        severity: &'static str,
        rank: u8,
        places: BTreeSet<Place>,
    ) {
        self.expected.push(Expected {
            sort,
            code,
            severity,
            rank,
            places,
        });
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each sort of cause")]
    fn put(&mut self, sort: &'static str) {
        let set = |tree: &mut Value, path: &[&str], value: Value| *at(tree, path) = value;
        match sort {
            "foreign database" => {
                let places = self.each("variables", 1, |_, name, staging, _| {
                    let url = format!("postgres://db.{}:5432/{name}_new", DOMAINS.1);
                    set(staging, &["DATABASE_URL"], json!(url));
                    vec!["DATABASE_URL".into()]
                });
                self.expect(sort, "parity/foreign-identity", "critical", 0, places);
            }
            "flag and what is below it" => {
                let places = self.each("charts", 1, |_, _, staging, _| {
                    set(staging, &["tracing", "enabled"], json!(false));
                    set(staging, &["tracing", "sampler"], json!("never"));
                    set(staging, &["tracing", "collector"], json!("unset"));
                    ["enabled", "sampler", "collector"]
                        .map(|key| format!("tracing.{key}"))
                        .into()
                });
                self.expect(sort, "parity/flag-differs", "critical", 1, places);
            }
            "wildcard" => {
                let places = self.each("terraform", 1, |_, _, _, production| {
                    set(production, &["allowed_origin"], json!("*"));
                    vec!["allowed_origin".into()]
                });
                self.expect(sort, "parity/setting-differs", "critical", 2, places);
            }
            "empty value" => {
                let places = self.each("variables", 1, |_, _, staging, _| {
                    set(staging, &["SMTP_HOST"], json!(""));
                    vec!["SMTP_HOST".into()]
                });
                self.expect(sort, "parity/setting-differs", "critical", 2, places);
            }
            "inverted memory" => {
                let count = self.count(2, 4);
                let places = self.each("charts", count, |turn, _, staging, _| {
                    set(
                        staging,
                        &["resources", "limits", "memory"],
                        json!(format!("{}Gi", 4 + turn)),
                    );
                    vec!["resources.limits.memory".into()]
                });
                self.expect(sort, "parity/inverted", "error", 3, places);
            }
            "inverted instance" => {
                let places = self.each("terraform", 2, |turn, _, staging, _| {
                    let larger = ["db.r5.xlarge", "db.r5.4xlarge"][turn];
                    set(staging, &["instance_class"], json!(larger));
                    vec!["instance_class".into()]
                });
                self.expect(sort, "parity/inverted", "error", 3, places);
            }
            "inverted without a unit" => {
                let places = self.each("terraform", 3, |turn, _, staging, production| {
                    for (tree, iops) in [(staging, 9000 + turn), (production, 3000)] {
                        entries(tree, &[]).insert("iops".into(), json!(iops));
                    }
                    vec!["iops".into()]
                });
                self.expect(sort, "parity/inverted", "error", 3, places);
            }
            "one and many" => {
                let count = self.count(3, 9);
                let places = self.each("manifests", count, |_, name, staging, _| {
                    set(staging, &["Deployment", "spec", "replicas"], json!(1));
                    vec![format!("{}.spec.replicas", deployment(name))]
                });
                self.expect(sort, "parity/class-differs", "error", 4, places);
            }
            "smaller processors" => {
                let count = self.count(20, 30);
                let places = self.each("charts", count, |turn, _, staging, _| {
                    let cpu = |least: usize| json!(format!("{}m", least + 10 * turn));
                    set(staging, &["resources", "limits", "cpu"], cpu(600));
                    set(staging, &["resources", "requests", "cpu"], cpu(100));
                    vec![
                        "resources.limits.cpu".into(),
                        "resources.requests.cpu".into(),
                    ]
                });
                self.expect(sort, "parity/size-differs", "error", 6, places);
            }
            "smaller disks" => {
                let count = self.count(10, 25);
                let places = self.each("terraform", count, |turn, _, staging, _| {
                    set(staging, &["allocated_storage"], json!(20 + turn));
                    vec!["allocated_storage".into()]
                });
                self.expect(sort, "parity/size-differs", "error", 6, places);
            }
            "shifted schedules" => {
                let count = self.count(4, 12);
                let places = self.each("charts", count, |turn, _, staging, _| {
                    set(
                        staging,
                        &["cron", "tidy", "schedule"],
                        json!(format!("{} 13 * * *", turn + 3)),
                    );
                    vec!["cron[name=tidy].schedule".into()]
                });
                self.expect(sort, "parity/setting-differs", "warning", 10, places);
            }
            "rarer schedules" => {
                let count = self.count(3, 6);
                let places = self.each("charts", count, |turn, _, staging, _| {
                    set(
                        staging,
                        &["cron", "report", "schedule"],
                        json!(format!("{} 4 1 * *", turn + 3)),
                    );
                    vec!["cron[name=report].schedule".into()]
                });
                self.expect(sort, "parity/setting-differs", "error", 6, places);
            }
            "the same element missing" => {
                let count = self.count(3, 8);
                let places = self.each("manifests", count, |turn, name, _, production| {
                    let list = at(production, &["Deployment", "spec", "template", "spec"]);
                    let list = &mut at(list, &["containers", "app"])["env"];
                    let list = list.as_array_mut().unwrap();
                    list.push(json!({"name": "TRACKER", "value": format!("T-{turn}")}));
                    vec![format!(
                        "{}.spec.template.spec.containers[name=app].env[name=TRACKER]",
                        deployment(name)
                    )]
                });
                self.expect(sort, "parity/element-missing", "error", 6, places);
            }
            "the same key missing everywhere" => {
                let places = self.each("compose", 40, |_, name, staging, _| {
                    entries(staging, &["services", name]).remove("restart");
                    vec![format!("services.{name}.restart")]
                });
                self.expect(sort, "parity/key-missing", "error", 6, places);
            }
            "a lone key missing" => {
                let places = self.each("charts", 1, |_, _, staging, _| {
                    entries(staging, &["queues", "late"]).remove("route");
                    vec!["queues.late.route".into()]
                });
                self.expect(sort, "parity/key-missing", "critical", 5, places);
            }
            "keys missing together" => {
                let places = self.each("charts", 1, |_, _, _, production| {
                    let labels = entries(production, &["podLabels"]);
                    for key in ["costCenter", "floor", "pager", "contract"] {
                        labels.insert(key.into(), json!(format!("of-{key}")));
                    }
                    ["costCenter", "floor", "pager", "contract"]
                        .map(|key| format!("podLabels.{key}"))
                        .into()
                });
                self.expect(sort, "parity/key-missing", "critical", 6, places);
            }
            "keys missing at the root" => {
                let places = self.each("variables", 1, |_, _, staging, _| {
                    let root = entries(staging, &[]);
                    for key in [
                        "PROBE_PATH",
                        "PROBE_NAME",
                        "PROBE_WORDS",
                        "PROBE_MARK",
                        "PROBE_FORM",
                    ] {
                        root.insert(key.into(), json!(format!("of-{key}").to_lowercase()));
                    }
                    ["PATH", "NAME", "WORDS", "MARK", "FORM"]
                        .map(|key| format!("PROBE_{key}"))
                        .into()
                });
                self.expect(sort, "parity/key-missing", "critical", 6, places);
            }
            "one address for many" => {
                let count = self.count(4, 9);
                let places = self.each("terraform", count, |_, _, staging, _| {
                    set(staging, &["alarm_recipient"], json!("only-us@corp.invalid"));
                    vec!["alarm_recipient".into()]
                });
                self.expect(sort, "parity/setting-differs", "error", 6, places);
            }
            "one window for many" => {
                let count = self.count(4, 8);
                let places = self.each("terraform", count, |turn, _, staging, production| {
                    set(
                        staging,
                        &["backup_window"],
                        json!(format!("0{turn}:15-0{turn}:45")),
                    );
                    set(production, &["backup_window"], json!("23:00-23:30"));
                    vec!["backup_window".into()]
                });
                self.expect(sort, "parity/setting-differs", "error", 6, places);
            }
            "the same keys missing in several maps" => {
                let count = self.count(3, 7);
                let places = self.each("compose", count, |_, _, staging, _| {
                    let proxy = entries(staging, &["services", "proxy"]);
                    proxy.remove("ports");
                    proxy.remove("mem_limit");
                    ["ports", "mem_limit"]
                        .map(|key| format!("services.proxy.{key}"))
                        .into()
                });
                self.expect(sort, "parity/key-missing", "error", 6, places);
            }
            "an exchanged key" => {
                let count = self.count(1, 4);
                let places = self.each("charts", count, |turn, _, staging, _| {
                    let budget = entries(staging, &["budget"]);
                    budget.clear();
                    budget.insert("minAvailable".into(), json!(turn + 1));
                    vec!["budget.maxUnavailable".into(), "budget.minAvailable".into()]
                });
                // At three places and more it is usually intended.
                let severity = if count == 1 { "critical" } else { "error" };
                self.expect(sort, "parity/key-missing", severity, 6, places);
            }
            "a mention in what is missing" => {
                let places = self.each("compose", 1, |_, name, staging, _| {
                    let more = json!({"to": "pdf", "target": format!("http://copy.{}", DOMAINS.1)});
                    entries(staging, &["services", name]).insert("mirror".into(), more);
                    vec![
                        format!("services.{name}.mirror"),
                        format!("services.{name}.mirror.target"),
                    ]
                });
                self.expect(sort, "parity/key-missing", "critical", 0, places);
            }
            "hashes of contents" => {
                let places = self.each("manifests", 1, |_, name, staging, production| {
                    for (tree, hash) in [(staging, "6ct58987ht"), (production, "9hf2mk7gtb")] {
                        let hashed = json!(format!("{name}-settings-{hash}"));
                        at(tree, &["ConfigMap", "metadata"])["name"] = hashed.clone();
                        let pod = at(tree, &["Deployment", "spec", "template", "spec"]);
                        let container = at(pod, &["containers", "app"]);
                        container["envFrom"][0]["configMapRef"]["name"] = hashed;
                        at(tree, &["ConfigMap", "data"])["LEVEL"] =
                            json!(if hash.starts_with('6') {
                                "trace"
                            } else {
                                "info"
                            });
                    }
                    vec![format!(
                        "[apiVersion=v1,kind=ConfigMap,name={name}-settings-6ct58987ht].data.LEVEL"
                    )]
                });
                self.expect(sort, "parity/setting-differs", "error", 6, places);
            }
            "a copied id" => {
                let count = self.count(1, 3);
                let places = self.each("terraform", count, |turn, _, staging, production| {
                    for (tree, account) in [(staging, ACCOUNTS.0), (production, ACCOUNTS.1)] {
                        let key = format!(
                            "arn:aws:kms:eu-west-1:{account}:key/15bdd743-ecd7-4059-86ff-b8b6a72054c{turn}"
                        );
                        entries(tree, &[]).insert("kms_key".into(), json!(key));
                    }
                    vec!["kms_key".into()]
                });
                self.expect(sort, "parity/id-copied", "warning", 10, places);
            }
            "a lone deviation" => {
                let places = self.each("charts", 1, |_, _, staging, _| {
                    set(staging, &["queues", "slow", "driver"], json!("memory"));
                    vec!["queues.slow.driver".into()]
                });
                self.expect(sort, "parity/setting-differs", "error", 5, places);
            }
            "one pair of values" => {
                let count = self.count(12, 30);
                let places = self.each("charts", count, |_, _, staging, _| {
                    set(staging, &["logLevel"], json!("debug"));
                    vec!["logLevel".into()]
                });
                self.expect(sort, "parity/setting-differs", "error", 6, places);
            }
            "another image" => {
                let places = self.each("compose", 1, |_, name, staging, _| {
                    let image = format!("registry.corp.invalid/{name}:4.0.0-beta");
                    set(staging, &["services", name, "image"], json!(image));
                    vec![format!("services.{name}.image")]
                });
                self.expect(sort, "parity/image-differs", "error", 6, places);
            }
            "another order of a command" => {
                let places = self.each("compose", 1, |_, name, staging, _| {
                    let command = at(staging, &["services", name, "command"]);
                    command.as_array_mut().unwrap().rotate_left(1);
                    vec![format!("services.{name}.command")]
                });
                self.expect(sort, "parity/order-differs", "error", 6, places);
            }
            "secrets" => {
                let count = self.count(5, 40);
                let places = self.each("variables", count, |turn, _, staging, production| {
                    for (tree, secret) in [(staging, "Kq8vWx2mT4"), (production, "Zr7nLp3sY9")] {
                        let secret = format!("{secret}{turn}");
                        entries(tree, &[]).insert("DB_PASSWORD".into(), json!(secret));
                    }
                    vec!["DB_PASSWORD".into()]
                });
                self.expect(sort, "parity/secret-differs", "advice", 20, places);
            }
            "another type" => {
                let places = self.each("charts", 1, |_, _, staging, _| {
                    set(staging, &["ingress", "class"], json!(["nginx"]));
                    vec!["ingress.class".into()]
                });
                self.expect(sort, "parity/type-differs", "error", 6, places);
            }
            "a missing file" => {
                let place = ("document.variables".to_owned(), "\"extra.env\"".to_owned());
                self.estate.extra = Some(("variables/production/extra.env".into(), "A=1\n".into()));
                self.expect(sort, "parity/file-missing", "critical", 6, [place].into());
            }
            "a list of all environments" => {
                let places = self.each("terraform", 1, |_, _, staging, production| {
                    for tree in [staging, production] {
                        let all = json!([ACCOUNTS.0, ACCOUNTS.1, "333333333333"]);
                        entries(tree, &[]).insert("readers".into(), all);
                    }
                    vec!["readers".into()]
                });
                self.expect(sort, "parity/environments-listed", "warning", 10, places);
            }
            "a network's prefix" => {
                let places = self.each("compose", 1, |_, _, staging, production| {
                    for (tree, prefix) in [(staging, "10.12.0"), (production, "10.13.0")] {
                        entries(tree, &[]).insert("x-network-prefix".into(), json!(prefix));
                    }
                    vec!["x-network-prefix".into()]
                });
                self.expect(sort, "parity/setting-differs", "error", 6, places);
            }
            "names on one side" => {
                let count = self.count(2, 6);
                let places = self.each("charts", count, |_, name, staging, production| {
                    for (tree, after, plus) in
                        [(staging, " (staging)", "+staging"), (production, "", "")]
                    {
                        let root = entries(tree, &[]);
                        root.insert("title".into(), json!(format!("Desk of {name}{after}")));
                        root.insert(
                            "mailbox".into(),
                            json!(format!("noreply{plus}@corp.invalid")),
                        );
                    }
                    vec!["title".into(), "mailbox".into()]
                });
                self.expect(sort, "parity/name-on-one-side", "advice", 20, places);
            }
            "a shared database" => {
                let places = self.each("variables", 1, |_, _, staging, production| {
                    for tree in [staging, production] {
                        let url = format!("postgres://reports.{}:5432/all", DOMAINS.1);
                        entries(tree, &[]).insert("REPORTS_DATABASE_URL".into(), json!(url));
                    }
                    vec!["REPORTS_DATABASE_URL".into()]
                });
                self.expect(sort, "parity/shared-identity", "warning", 10, places);
            }
            _ => panic!("{sort} is not known"),
        }
    }
}

/// Returns the path of a service's deployment.
fn deployment(name: &str) -> String {
    format!("[apiVersion=apps/v1,kind=Deployment,name={name}]")
}
