//! Secrets by key and by syntax, within values, lines and comments.

use super::Survey;
use super::{holds_secret, secret_of_line};
use crate::{Format, Scalar, ScalarKind, read};
use evenkeel_model::source::SourceFile;

fn secret(key: &str, text: &str) -> bool {
    holds_secret(
        key,
        &Scalar {
            kind: ScalarKind::Text,
            text: text.into(),
        },
    )
}

#[test]
fn secrets_are_recognised_by_key_or_syntax() {
    for (key, text) in [
        ("password", "hunter2"),
        ("DB_PASSWORD", "hunter2"),
        ("dbPassword", "hunter2"),
        ("SECRET_KEY_BASE", "0a1b2c"),
        ("apiKey", "0a1b2c"),
        ("api_key", "0a1b2c"),
        ("x-api-key", "0a1b2c"),
        ("SENTRY_DSN", "https://0a1b@sentry.example/1"),
        ("anything", "ghp_0123456789abcdef"),
        ("database_url", "postgres://app:hunter2@db/app"),
        ("clientSecret", "s3cr3t"),
        ("tokens", "x"),
        ("RELEASE_COOKIE", "monster"),
        (".dockerconfigjson", "{\"auths\":{}}"),
        ("SMTP_PASS", "hunter2"),
        ("MYSQL_PWD", "hunter2"),
        ("JWT_KEY", "hunter2hunter2"),
        ("SUPABASE_ANON_KEY", "0a1b2c3d4e"),
        ("Key", "0a1b2c3d4e5f6a7b8c9d0e1f2a3b"),
        ("routing_key", "0a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d"),
    ] {
        assert!(secret(key, text), "{key} {text}");
    }
}

#[test]
fn text_about_secrets_is_not_secret() {
    for (key, text) in [
        ("password_file", "/run/secrets/db"),
        ("secretName", "tls-web"),
        ("token_ttl", "1h"),
        ("password", "${DB_PASSWORD}"),
        ("password", ""),
        ("USE_TOKEN", "true"),
        ("require_password", "No"),
        ("monkey", "banana"),
        ("bypass", "yes"),
        ("session-cookie-name", "route"),
        ("keyboard", "de"),
        ("tokenizer", "bpe"),
        ("database_url", "postgres://app@db/app"),
        ("secretKeyRef", "x"),
        ("image", "nginx:1"),
        ("proxy_pass", "http://app:3000"),
        ("PWD", "/srv/app"),
        ("key", "live/network/terraform.tfstate"),
        ("key", "username"),
        ("ssl_certificate_key", "/etc/ssl/app.pem"),
        ("partition_key", "customer-number"),
        ("routing-key", "orders.created"),
    ] {
        assert!(!secret(key, text), "{key} {text}");
    }
}

#[test]
fn a_secret_within_a_value_is_found() {
    let holds = |text: &str| {
        let kind = ScalarKind::Text;
        holds_secret(
            "DefaultConnection",
            &Scalar {
                kind,
                text: text.into(),
            },
        )
    };
    for text in [
        "Server=db;Database=app;User Id=sa;Password=hunter2;Encrypt=True",
        "--db-password=hunter2",
        "jdbc:postgresql://db/app?user=app&password=hunter2",
        "DB_PASSWORD=hunter2",
        "user: app\npassword: hunter2\n",
        "curl -H 'X-Api-Key: 0a1b2c'",
        "ENC[AES256_GCM,data:0a1b2c,iv:x,tag:y,type:str]",
        "notify https://hooks.slack.com/services/T0/B0/0a1b2c",
    ] {
        assert!(holds(text), "{text}");
    }
    for text in [
        "Server=db;Password=${DB_PASSWORD};Encrypt=True",
        "--password-file=/run/secrets/db",
        "a token bucket",
        "https://www.example.org/reset-password/new",
        "require_password=true",
        "web.password.length=8",
    ] {
        assert!(!holds(text), "{text}");
    }
}

#[test]
fn an_expression_with_a_literal_secret_is_secret() {
    let holds = |text: &str| {
        let kind = ScalarKind::Expression;
        holds_secret(
            "policy",
            &Scalar {
                kind,
                text: text.into(),
            },
        )
    };
    assert!(holds(
        "jsonencode({ user = \"app\", password = \"hunter2\" })"
    ));
    assert!(holds("coalesce(var.password, \"hunter2\")"));
    assert!(holds(
        "<<-EOT\nexport DB_PASSWORD=hunter2\necho ${var.name}\nEOT"
    ));
    assert!(!holds(
        "jsonencode({ password = random_password.main.result })"
    ));
    assert!(!holds("module.database.password"));
}

#[test]
fn secrets_in_lines_of_programs_and_servers_are_found() {
    for (line, name) in [
        ("set :db_password, \"hunter2\"", "db_password"),
        (
            "  config.secret_key_base = '0a1b2c'",
            "config.secret_key_base",
        ),
        ("password hunter2", "password"),
        (
            "proxy_set_header Authorization \"Basic 0a1b2c\";",
            "Authorization",
        ),
        ("ENV.fetch(\"SECRET_KEY\", \"0a1b2c\")", "SECRET_KEY"),
        ("redis = connect('redis://app:hunter2@db:6379/0')", ""),
        ("export API_TOKEN=0a1b2c", "API_TOKEN"),
    ] {
        assert_eq!(secret_of_line(line), Some(name), "{line}");
    }
    for line in [
        "  password: ENV[\"MAIL_PASSWORD\"],",
        "set :db_password, ENV.fetch('DB_PASSWORD')",
        "config.filter_parameters += [:password, :token]",
        "get '/reset_password', to: 'users#reset'",
        "location /reset-password {",
        "PasswordAuthentication no",
        "proxy_set_header X-Auth-Token $token;",
    ] {
        assert_eq!(secret_of_line(line), None, "{line}");
    }
}

#[test]
fn secrets_in_comments_and_whole_keys_are_masked() {
    let covered = |name: &str, text: &str, format| {
        let document = read(&SourceFile::new(name, text), format).unwrap();
        let places = Survey::of(&document).places;
        let texts = places
            .iter()
            .map(|place| text[place.start as usize..place.end as usize].to_owned());
        texts.collect::<Vec<_>>()
    };
    assert_eq!(
        covered(
            ".env",
            "PORT=1\n# DB_PASSWORD=hunter2\nHOST=a\n",
            Format::Dotenv
        ),
        ["# DB_PASSWORD=hunter2"]
    );
    assert_eq!(
        covered(
            "key",
            "a\n-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\nb\n",
            Format::Lines
        ),
        [
            "-----BEGIN PRIVATE KEY-----",
            "MIIB",
            "-----END PRIVATE KEY-----"
        ]
    );
}
