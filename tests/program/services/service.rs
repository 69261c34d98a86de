//! Services: the parts of each in both environments before causes are injected.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::injected::Chance;
use super::tree::{dotenv, tfvars, yaml};

/// Domains of both environments.
pub const DOMAINS: (&str, &str) = ("shop-stg.example.net", "shop-live.example.net");
/// Accounts of both environments.
pub const ACCOUNTS: (&str, &str) = ("111111111111", "222222222222");
/// Documents, with the extension of their files.
pub const DOCUMENTS: [(&str, &str); 5] = [
    ("charts", "yaml"),
    ("compose", "yml"),
    ("terraform", "tfvars"),
    ("variables", "env"),
    ("manifests", "yaml"),
];
/// Number of services.
const SERVICES: usize = 200;
/// Names of services.
const NAMES: [&str; 20] = [
    "orders", "billing", "search", "mail", "desk", "pay", "stock", "route", "image", "login",
    "basket", "offer", "label", "parcel", "refund", "review", "rating", "invoice", "ledger",
    "quote",
];

/// Service.
pub struct Service {
    /// Name.
    pub name: String,
    /// Index in [`DOCUMENTS`].
    pub document: usize,
    /// Tree in staging and in production; `None` if the file is missing.
    pub trees: [Option<Value>; 2],
}

/// All services.
pub struct Estate {
    pub services: Vec<Service>,
    /// Additional file, with its path.
    pub extra: Option<(String, String)>,
    pub chance: Chance,
}

impl Service {
    /// Returns the name of its file.
    pub fn file(&self) -> String {
        format!("{}.{}", self.name, DOCUMENTS[self.document].1)
    }

    /// Returns a place in it, as in a report.
    pub fn place(&self, path: &str) -> (String, String) {
        let separator = if path.is_empty() || path.starts_with('[') {
            ""
        } else {
            "."
        };
        (
            format!("document.{}", DOCUMENTS[self.document].0),
            format!("\"{}\"{separator}{path}", self.file()),
        )
    }
}

impl Estate {
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance(seed);
        let services = (0..SERVICES)
            .map(|number| {
                let name = format!("{}-{number:03}", NAMES[number / 5 % NAMES.len()]);
                let document = number % DOCUMENTS.len();
                let salt = chance.next();
                let trees = [0, 1].map(|side| Some(tree(document, &name, side, salt)));
                Service {
                    name,
                    document,
                    trees,
                }
            })
            .collect();
        Self {
            services,
            extra: None,
            chance,
        }
    }

    /// Returns a number of services of a document, by index, in the order of their names.
    pub fn some(&mut self, document: &str, count: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..self.services.len())
            .filter(|number| DOCUMENTS[self.services[*number].document].0 == document)
            .collect();
        self.chance.shuffle(&mut all);
        all.truncate(count);
        all.sort_unstable();
        all
    }

    /// Returns every file by its path.
    pub fn files(&self) -> BTreeMap<String, String> {
        let mut files: BTreeMap<String, String> = self.extra.iter().cloned().collect();
        for service in &self.services {
            for (tree, environment) in service.trees.iter().zip(["staging", "production"]) {
                let Some(tree) = tree else {
                    continue;
                };
                let (folder, ending) = DOCUMENTS[service.document];
                let text = match ending {
                    "tfvars" => tfvars(tree),
                    "env" => dotenv(tree),
                    _ => yaml(tree),
                };
                files.insert(format!("{folder}/{environment}/{}", service.file()), text);
            }
        }
        files
    }
}

/// Returns a service in one environment. `salt` gives it specific numbers, equal in both.
fn tree(document: usize, name: &str, side: usize, salt: u64) -> Value {
    let environment = ["staging", "production"][side];
    let domain = [DOMAINS.0, DOMAINS.1][side];
    let account = [ACCOUNTS.0, ACCOUNTS.1][side];
    let port = 8000 + salt % 900;
    let minute = salt % 50;
    let small = 3 + salt % 4;
    match document {
        0 => json!({
            "replicaCount": small,
            "image": {"repository": format!("registry.corp.invalid/{name}"), "tag": format!("2.{small}.1")},
            "resources": {
                "limits": {"memory": "2Gi", "cpu": "1500m"},
                "requests": {"memory": "1Gi", "cpu": "500m"},
            },
            "ingress": {"enabled": true, "host": format!("{name}.{domain}"), "class": "nginx"},
            "tracing": {"enabled": true, "sampler": "ratio", "collector": format!("http://otel.{domain}:4317")},
            "budget": {"maxUnavailable": 1},
            "logLevel": "info",
            "cron": [
                {"name": "tidy", "schedule": format!("{minute} 2 * * *")},
                {"name": "report", "schedule": format!("{minute} 4 * * 1")},
            ],
            "queues": {
                "fast": {"driver": "amqp", "route": "direct"},
                "slow": {"driver": "amqp", "route": "direct"},
                "late": {"driver": "amqp", "route": "direct"},
                "bulk": {"driver": "amqp", "route": "direct"},
            },
            "podLabels": {"team": format!("team-{}", salt % 7), "environment": environment},
        }),
        1 => json!({
            "services": {
                name: {
                    "image": format!("registry.corp.invalid/{name}:3.{small}.0"),
                    "command": ["serve", "--listen", format!("0.0.0.0:{port}")],
                    "environment": {
                        "PUBLIC_URL": format!("https://{name}.{domain}"),
                        "CACHE_DRIVER": "redis",
                        "MAIL_FROM": format!("noreply@{domain}"),
                    },
                    "deploy": {"replicas": small},
                    "restart": "unless-stopped",
                },
                "proxy": {
                    "image": "registry.corp.invalid/proxy:1.25.3",
                    "ports": [format!("{port}:80")],
                    "mem_limit": "512m",
                },
            },
        }),
        2 => json!({
            "name": name,
            "environment": environment,
            "account": account,
            "role": format!("arn:aws:iam::{account}:role/{name}"),
            "instance_class": "db.r5.large",
            "allocated_storage": 200,
            "backup_window": format!("0{}:30-0{}:30", salt % 4, salt % 4 + 1),
            "deletion_protection": true,
            "alarm_recipient": format!("team-{}@corp.invalid", salt % 90),
            "allowed_origin": format!("https://{name}.{domain}"),
            "tags": {"service": name, "owner": format!("team-{}", salt % 7)},
            "node_pools": [
                {"name": "web", "disk": "ssd", "zone": "a"},
                {"name": "jobs", "disk": "ssd", "zone": "b"},
            ],
        }),
        3 => json!({
            "APP_NAME": name,
            "APP_ENV": environment,
            "APP_PORT": port,
            "APP_URL": format!("https://{name}.{domain}"),
            "DATABASE_URL": format!("postgres://db.{domain}:5432/{}", name.replace('-', "_")),
            "SMTP_HOST": format!("smtp.{domain}"),
            "LOG_FORMAT": "json",
            "SESSION_DRIVER": "redis",
            "QUEUE_WORKERS": small,
            "UPLOAD_DIR": format!("/srv/{name}/uploads"),
            "FEATURE_SEARCH": "on",
        }),
        _ => json!([
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": format!("{name}-settings"), "labels": {"app": name}},
                "data": {"LEVEL": "info", "URL": format!("https://{name}.{domain}"), "PORT": port.to_string()},
            },
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": name, "labels": {"app": name}},
                "spec": {
                    "replicas": small,
                    "selector": {"matchLabels": {"app": name}},
                    "template": {
                        "metadata": {"labels": {"app": name}},
                        "spec": {
                            "terminationGracePeriodSeconds": 30,
                            "containers": [
                                {
                                    "name": "app",
                                    "image": format!("registry.corp.invalid/{name}:5.{small}.2"),
                                    "env": [
                                        {"name": "PORT", "value": port.to_string()},
                                        {"name": "HOST", "value": format!("{name}.{domain}")},
                                    ],
                                    "envFrom": [{"configMapRef": {"name": format!("{name}-settings")}}],
                                },
                            ],
                        },
                    },
                },
            },
        ]),
    }
}
