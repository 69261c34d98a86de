//! Public suffixes and common words, which belong to no environment.

use super::IdentityKind;

/// Whether a value is in common use.
pub(super) fn is_everybodys(value: &str, kind: IdentityKind) -> bool {
    match kind {
        IdentityKind::Domain => is_public_suffix(value),
        IdentityKind::NamePrefix | IdentityKind::Name => {
            is_word(value) || value.contains('.') && is_public_suffix(value)
        }
        IdentityKind::Account
        | IdentityKind::Network
        | IdentityKind::EnvironmentShort
        | IdentityKind::Address => false,
    }
}

/// Whether a domain is a public suffix: `co.uk`, `github.io`, `svc.cluster.local`.
pub(super) fn is_public_suffix(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    LOCAL.contains(&value.as_str())
        || psl::suffix(value.as_bytes())
            .is_some_and(|suffix| suffix.is_known() && suffix.as_bytes() == value.as_bytes())
}

/// Domains of private networks, which no list contains.
const LOCAL: &[&str] = &[
    "cluster.local",
    "svc.cluster.local",
    "default.svc.cluster.local",
    "kube-system.svc.cluster.local",
    "compute.internal",
    "ec2.internal",
    "c.internal",
    "google.internal",
    "docker.internal",
    "service.consul",
    "node.consul",
    "home.arpa",
];

/// Whether a value is a word that many systems use.
fn is_word(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    WORDS.contains(&value.as_str())
}

const WORDS: &[&str] = &[
    "account",
    "accounts",
    "admin",
    "agent",
    "alerts",
    "analytics",
    "api",
    "apis",
    "app",
    "apps",
    "archive",
    "artifacts",
    "assets",
    "auth",
    "backend",
    "backup",
    "backups",
    "batch",
    "billing",
    "blog",
    "broker",
    "bucket",
    "build",
    "cache",
    "cdn",
    "client",
    "cluster",
    "common",
    "config",
    "console",
    "consumer",
    "controller",
    "core",
    "cron",
    "dashboard",
    "data",
    "database",
    "db",
    "docs",
    "domain",
    "email",
    "errors",
    "events",
    "external",
    "files",
    "frontend",
    "gateway",
    "graph",
    "grafana",
    "group",
    "help",
    "home",
    "host",
    "http",
    "https",
    "image",
    "images",
    "infra",
    "ingress",
    "internal",
    "jobs",
    "kafka",
    "lambda",
    "log",
    "logging",
    "login",
    "logs",
    "mail",
    "main",
    "media",
    "metrics",
    "migrations",
    "mobile",
    "mongo",
    "monitoring",
    "mysql",
    "name",
    "network",
    "nginx",
    "node",
    "notifications",
    "orders",
    "ops",
    "payments",
    "platform",
    "portal",
    "postgres",
    "primary",
    "private",
    "processor",
    "producer",
    "project",
    "proxy",
    "public",
    "queue",
    "rabbitmq",
    "redis",
    "registry",
    "report",
    "reports",
    "root",
    "router",
    "scheduler",
    "search",
    "secondary",
    "secrets",
    "server",
    "service",
    "services",
    "site",
    "smtp",
    "sql",
    "static",
    "status",
    "storage",
    "store",
    "stream",
    "support",
    "system",
    "tasks",
    "team",
    "tools",
    "traffic",
    "uploads",
    "user",
    "users",
    "vault",
    "web",
    "webhook",
    "website",
    "worker",
    "workers",
    "www",
];

#[cfg(test)]
mod tests {
    use super::{is_everybodys, is_public_suffix};
    use crate::discovery::IdentityKind;

    #[test]
    fn public_suffixes_are_common_and_domains_are_not() {
        for value in [
            "dev",
            "co.uk",
            "github.io",
            "s3.amazonaws.com",
            "azurewebsites.net",
            "svc.cluster.local",
        ] {
            assert!(is_public_suffix(value), "{value}");
        }
        for value in [
            "example.org",
            "example.co.uk",
            "acme.github.io",
            "corp.internal",
        ] {
            assert!(!is_public_suffix(value), "{value}");
        }
        assert!(is_everybodys("api", IdentityKind::NamePrefix));
        assert!(!is_everybodys("acme-api", IdentityKind::NamePrefix));
    }
}
