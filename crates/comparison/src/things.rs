//! Sort of thing that a value names, by its key and form: a database, a host, a sentence.
//!
//! A staging environment that uses production's database is the worst finding of a comparison; a link to production's
//! manual is none.

use std::ops::Range;

use super::identity::hosts;
use super::meaning::{self, Context};

/// Sort of a thing that a value names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// A database, or a part of one.
    Database,
    /// A bucket, or another store of files.
    Bucket,
    /// A queue or a stream of messages.
    Queue,
    /// A topic of messages.
    Topic,
    /// A host or its address.
    Host,
    /// Anything else.
    Other,
    /// Text for people: a description, a link to a manual.
    Prose,
}

impl Thing {
    /// Returns its name with an article.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Database => "a database",
            Self::Bucket => "a bucket",
            Self::Queue => "a queue",
            Self::Topic => "a topic",
            Self::Host => "a host",
            Self::Other => "something",
            Self::Prose => "a text for people",
        }
    }

    /// Whether programs connect to it or write to it, so that a mention of the other environment is a connection.
    #[must_use]
    pub const fn is_connection(self) -> bool {
        matches!(
            self,
            Self::Database | Self::Bucket | Self::Queue | Self::Topic | Self::Host
        )
    }

    /// Returns the sort of a value. `mention` is the range of the mention.
    pub(super) fn of(text: &str, mention: &Range<usize>, context: Context<'_>) -> Self {
        let (own, above) = (words(context.key), words(context.above));
        if is_prose(&own) || is_link_to_prose(text) {
            return Self::Prose;
        }
        if let Some(thing) = by_form(text, mention) {
            return thing;
        }
        if let Some(thing) = by_words(&own) {
            return thing;
        }
        let is_sentence = text.split_whitespace().count() > 3;
        if is_sentence && is_prose(&above) {
            return Self::Prose;
        }
        // `database.name`, `queue.url`: the key above decides.
        let says_nothing = own
            .last()
            .is_some_and(|word| PLAIN.contains(&word.as_str()));
        if (says_nothing || own.is_empty())
            && let Some(thing) = by_words(&above)
        {
            return thing;
        }
        if hosts::is_one(text, mention) {
            Self::Host
        } else {
            Self::Other
        }
    }

    /// Returns the sort that a key defines, whatever its values.
    pub(super) fn of_key(context: Context<'_>) -> Self {
        Self::of("", &(0..0), context)
    }
}

/// Last words of keys of text for people.
const PROSE: &[&str] = &[
    "description",
    "descriptions",
    "desc",
    "summary",
    "runbook",
    "runbooks",
    "playbook",
    "comment",
    "comments",
    "note",
    "notes",
    "help",
    "helptext",
    "hint",
    "title",
    "subtitle",
    "caption",
    "tooltip",
    "doc",
    "docs",
    "documentation",
    "manual",
    "readme",
    "wiki",
    "changelog",
    "reason",
    "remark",
    "remarks",
    "motd",
    "banner",
    "todo",
    "about",
];

/// Further words for the form or place of a text.
const OF_TEXTS: &[&str] = &[
    "url", "uri", "link", "links", "href", "text", "html", "md", "markdown", "page", "path",
    "template",
];

/// First labels of hosts, and first folders, of documentation.
const MANUALS: &[&str] = &[
    "docs",
    "doc",
    "wiki",
    "runbook",
    "runbooks",
    "playbooks",
    "confluence",
    "handbook",
    "help",
    "manual",
];

/// Unspecific keys.
const PLAIN: &[&str] = &[
    "name",
    "url",
    "uri",
    "id",
    "arn",
    "value",
    "endpoint",
    "address",
    "addr",
    "connection",
    "dsn",
    "host",
    "hostname",
    "server",
    "path",
    "location",
    "target",
];

const DATABASES: &[&str] = &[
    "database",
    "databases",
    "db",
    "dbname",
    "dsn",
    "jdbc",
    "postgres",
    "postgresql",
    "psql",
    "pg",
    "pghost",
    "pgdatabase",
    "mysql",
    "mariadb",
    "mongo",
    "mongodb",
    "redis",
    "valkey",
    "memcached",
    "cassandra",
    "dynamodb",
    "clickhouse",
    "elasticsearch",
    "opensearch",
    "rds",
    "aurora",
    "sql",
    "sqlserver",
    "bigquery",
    "dataset",
    "keyspace",
    "schema",
    "table",
];

const BUCKETS: &[&str] = &[
    "bucket",
    "buckets",
    "s3",
    "gcs",
    "blob",
    "container_name",
    "minio",
];

const QUEUES: &[&str] = &[
    "queue", "queues", "sqs", "amqp", "rabbitmq", "kinesis", "stream", "streams", "vhost",
];

const TOPICS: &[&str] = &["topic", "topics", "sns", "kafka", "pubsub", "subscription"];

const HOSTS: &[&str] = &[
    "host",
    "hosts",
    "hostname",
    "hostnames",
    "endpoint",
    "endpoints",
    "server",
    "servers",
    "broker",
    "brokers",
    "upstream",
    "upstreams",
    "backend",
    "origin",
    "proxy",
    "baseurl",
    "addr",
];

/// Schemes of URLs.
const SCHEMES: &[(&str, Thing)] = &[
    ("postgres", Thing::Database),
    ("postgresql", Thing::Database),
    ("mysql", Thing::Database),
    ("mysql2", Thing::Database),
    ("mariadb", Thing::Database),
    ("mongodb", Thing::Database),
    ("mongodb+srv", Thing::Database),
    ("redis", Thing::Database),
    ("rediss", Thing::Database),
    ("sqlserver", Thing::Database),
    ("mssql", Thing::Database),
    ("oracle", Thing::Database),
    ("cassandra", Thing::Database),
    ("clickhouse", Thing::Database),
    ("memcached", Thing::Database),
    ("ldap", Thing::Database),
    ("ldaps", Thing::Database),
    ("s3", Thing::Bucket),
    ("s3a", Thing::Bucket),
    ("gs", Thing::Bucket),
    ("abfs", Thing::Bucket),
    ("abfss", Thing::Bucket),
    ("wasbs", Thing::Bucket),
    ("amqp", Thing::Queue),
    ("amqps", Thing::Queue),
    ("sqs", Thing::Queue),
    ("kafka", Thing::Topic),
    ("sns", Thing::Topic),
];

/// Services in Amazon's resource names.
const SERVICES: &[(&str, Thing)] = &[
    ("s3", Thing::Bucket),
    ("sqs", Thing::Queue),
    ("kinesis", Thing::Queue),
    ("sns", Thing::Topic),
    ("kafka", Thing::Topic),
    ("rds", Thing::Database),
    ("dynamodb", Thing::Database),
    ("elasticache", Thing::Database),
    ("es", Thing::Database),
    ("redshift", Thing::Database),
];

/// Parameters of connection strings before a host, and cloud hosts of known services.
const IN_TEXTS: &[(&str, Thing)] = &[
    ("data source=", Thing::Database),
    ("initial catalog=", Thing::Database),
    ("database=", Thing::Database),
    ("dbname=", Thing::Database),
    (".rds.amazonaws.com", Thing::Database),
    (".cache.amazonaws.com", Thing::Database),
    (".database.windows.net", Thing::Database),
    (".database.azure.com", Thing::Database),
    (".mongodb.net", Thing::Database),
    (".s3.", Thing::Bucket),
    ("s3.amazonaws.com", Thing::Bucket),
    ("storage.googleapis.com", Thing::Bucket),
    (".blob.core.windows.net", Thing::Bucket),
    ("sqs.", Thing::Queue),
    (".servicebus.windows.net", Thing::Queue),
];

/// Returns the words of a key in lower case, without trailing numbers: `db01` is a `db`.
fn words(key: &str) -> Vec<String> {
    let bare = |word: &str| {
        let lower = word.to_ascii_lowercase();
        match lower.trim_end_matches(|each: char| each.is_ascii_digit()) {
            // A number alone, and `s3`.
            "" | "s" => lower,
            bare => bare.to_owned(),
        }
    };
    meaning::words(key).map(bare).collect()
}

fn is_prose(words: &[String]) -> bool {
    let mut words = words.iter().rev();
    let last = words
        .by_ref()
        .find(|word| !OF_TEXTS.contains(&word.as_str()));
    last.is_some_and(|word| PROSE.contains(&word.as_str()))
}

/// Whether a text is a link to documentation.
fn is_link_to_prose(text: &str) -> bool {
    let Some(rest) = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
    else {
        return false;
    };
    let mut parts = rest.split('/');
    let host = parts.next().unwrap_or("");
    let first = parts.next().unwrap_or("");
    let label = host.split('.').next().unwrap_or("");
    MANUALS.contains(&label) || MANUALS.contains(&first)
}

fn by_form(text: &str, mention: &Range<usize>) -> Option<Thing> {
    let lower = text.to_ascii_lowercase();
    let before = lower.get(..mention.start).unwrap_or("");
    if let Some(at) = before.rfind("://") {
        let scheme = before
            .get(..at)?
            .rsplit(|each: char| !(each.is_ascii_alphanumeric() || matches!(each, '+' | '-')));
        let scheme = scheme.into_iter().next().unwrap_or("");
        if let Some((_, thing)) = SCHEMES.iter().find(|(name, _)| *name == scheme) {
            return Some(*thing);
        }
    }
    if let Some(at) = before.rfind("arn:") {
        let service = lower.get(at..)?.split(':').nth(2)?;
        if let Some((_, thing)) = SERVICES.iter().find(|(name, _)| *name == service) {
            return Some(*thing);
        }
    }
    // A connection string has several parts.
    if lower.contains("server=") && lower.contains(';') {
        return Some(Thing::Database);
    }
    IN_TEXTS
        .iter()
        .find(|(part, _)| lower.contains(part))
        .map(|(_, thing)| *thing)
}

fn by_words(words: &[String]) -> Option<Thing> {
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    [
        (BUCKETS, Thing::Bucket),
        (QUEUES, Thing::Queue),
        (TOPICS, Thing::Topic),
        (DATABASES, Thing::Database),
        (HOSTS, Thing::Host),
    ]
    .into_iter()
    .find(|(list, _)| has(list))
    .map(|(_, thing)| thing)
}

#[cfg(test)]
mod tests {
    use super::Thing;
    use crate::meaning::Context;

    fn of(key: &str, above: &str, text: &str) -> Thing {
        let at = text.find("prod").unwrap_or(0);
        Thing::of(text, &(at..at + 4), Context { key, above })
    }

    #[test]
    fn keys_and_forms_show_the_sort_of_a_thing() {
        for (key, above, text, thing) in [
            (
                "DATABASE_URL",
                "",
                "postgres://u@db.prod.example.org/x",
                Thing::Database,
            ),
            ("url", "", "mysql://db.prod.example.org", Thing::Database),
            ("name", "database", "shop_prod", Thing::Database),
            (
                "conn",
                "",
                "Server=db.prod.example.org;Database=x",
                Thing::Database,
            ),
            ("bucket", "", "prod-files", Thing::Bucket),
            ("uploads", "", "arn:aws:s3:::prod-files", Thing::Bucket),
            ("S3_UPLOADS", "", "prod-files", Thing::Bucket),
            ("jobsQueue", "", "prod-jobs", Thing::Queue),
            ("AWSQueue2", "", "prod-jobs", Thing::Queue),
            ("db01", "", "prod_shop", Thing::Database),
            (
                "url",
                "",
                "https://sqs.eu-west-1.amazonaws.com/1/prod-jobs",
                Thing::Queue,
            ),
            ("topic", "", "prod.events", Thing::Topic),
            ("apiHost", "", "api.prod.example.org", Thing::Host),
            (
                "callback",
                "",
                "https://api.prod.example.org/x",
                Thing::Host,
            ),
            ("role", "", "arn:aws:iam::1:role/prod", Thing::Other),
            (
                "runbook_url",
                "",
                "https://wiki.prod.example.org",
                Thing::Prose,
            ),
            (
                "description",
                "",
                "The database of prod.example.org",
                Thing::Prose,
            ),
            ("docsLink", "", "https://prod.example.org/x", Thing::Prose),
            ("link", "", "https://docs.prod.example.org/x", Thing::Prose),
            ("help_desk_host", "", "help.prod.example.org", Thing::Host),
            ("notes_bucket", "", "prod-notes", Thing::Bucket),
        ] {
            assert_eq!(of(key, above, text), thing, "{key} {above} {text}");
        }
    }
}
