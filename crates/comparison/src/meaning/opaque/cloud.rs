//! Cloud ids: Amazon resource names and resource ids, paths of Google Cloud and Azure, OCIDs, zones of Route 53.

use super::{is_given_out, is_given_out_or_equal, is_hex, is_mixed_hex, is_uuid};

/// Prefixes of Amazon's resource ids, which are followed by 8 or 17 hexadecimal digits.
const AMAZON: &[&str] = &[
    "vpc",
    "subnet",
    "sg",
    "sgr",
    "i",
    "ami",
    "vol",
    "snap",
    "rtb",
    "rtbassoc",
    "igw",
    "eigw",
    "nat",
    "eni",
    "eni-attach",
    "acl",
    "aclassoc",
    "eipalloc",
    "eipassoc",
    "vpce",
    "vpce-svc",
    "tgw",
    "tgw-attach",
    "tgw-rtb",
    "pcx",
    "lt",
    "cgw",
    "vgw",
    "vpn",
    "dopt",
    "fs",
    "fsap",
    "fsmt",
    "pl",
    "key",
    "cr",
    "r",
    "lgw",
    "ipam",
    "ipam-pool",
    "aki",
    "ari",
    "bun",
    "h",
    "cagw",
];

/// Whether two are Amazon resource names of one service and one type: `arn:partition:service:region:account:resource`.
///
/// Region and account belong to each side. Parts of the resource must be equal, or generated on both sides; a role with
/// another name is another role, and may be a mistake.
pub(super) fn are_arns(left: &str, right: &str) -> bool {
    let (Some(one), Some(two)) = (Arn::read(left), Arn::read(right)) else {
        return false;
    };
    one.partition == two.partition
        && one.service == two.service
        && one.region.is_empty() == two.region.is_empty()
        && is_account(one.account) == is_account(two.account)
        && (is_account(one.account) || one.account == two.account)
        && is_resource_alike(one.resource, two.resource)
}

struct Arn<'a> {
    partition: &'a str,
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let head = parts.next()?;
        let arn = Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        };
        (head == "arn"
            && !arn.service.is_empty()
            && !arn.resource.is_empty()
            && !text.contains(char::is_whitespace))
        .then_some(arn)
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_resource_alike(left: &str, right: &str) -> bool {
    let mut ours = left.split(['/', ':']);
    let mut theirs = right.split(['/', ':']);
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return true,
            (Some(one), Some(two)) if is_piece_alike(one, two) => {}
            _ => return false,
        }
    }
}

/// Whether two pieces are equal or generated; a name with a generated suffix, `db-x7Kd9a`, counts if the name is equal.
fn is_piece_alike(one: &str, two: &str) -> bool {
    if is_given_out_or_equal(one, two) || is_amazon_pair(one, two) {
        return true;
    }
    match (one.rsplit_once('-'), two.rsplit_once('-')) {
        (Some((name, end)), Some((other_name, other_end))) => {
            name == other_name && is_given_out(end) && is_given_out(other_end)
        }
        _ => false,
    }
}

/// Whether two are resource ids of one type, or paths of one shape.
pub(super) fn are_ids(left: &str, right: &str, of_zone: bool) -> bool {
    is_amazon_pair(left, right)
        || are_ocids(left, right)
        || are_paths(left, right)
        || is_zone(left, of_zone) && is_zone(right, of_zone)
}

fn is_amazon_pair(left: &str, right: &str) -> bool {
    let prefix = |text| {
        let (prefix, id) = str::rsplit_once(text, '-')?;
        let sound = id.len() == 17 && is_hex(id) && id.bytes().any(|byte| byte.is_ascii_digit())
            || id.len() == 8 && is_mixed_hex(id);
        (sound && AMAZON.contains(&prefix)).then_some(prefix)
    };
    prefix(left).is_some_and(|one| Some(one) == prefix(right))
}

/// `ocid1.TYPE.REALM.[REGION].UNIQUE`, of one type.
fn are_ocids(left: &str, right: &str) -> bool {
    let parts = |text| {
        let mut parts = str::strip_prefix(text, "ocid1.")?.split('.');
        let kind = parts.next()?;
        let unique = parts.next_back()?;
        (unique.len() >= 16
            && parts.count() >= 1
            && unique.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .then_some(kind)
    };
    parts(left).is_some_and(|one| Some(one) == parts(right))
}

/// Whether two are paths of pairs of kind and name: `projects/P/locations/L/…` of Google Cloud, `/subscriptions/UUID/…`
/// of Azure. Names of projects and subscriptions belong to each side.
fn are_paths(left: &str, right: &str) -> bool {
    let azure = left.starts_with("/subscriptions/") && right.starts_with("/subscriptions/");
    let google = left.starts_with("projects/") && right.starts_with("projects/");
    if !azure && !google {
        return false;
    }
    let mut ours = left.trim_start_matches('/').split('/');
    let mut theirs = right.trim_start_matches('/').split('/');
    let mut at = 0;
    loop {
        let alike = match (ours.next(), theirs.next()) {
            (None, None) => return at > 2 || azure && at == 2,
            (Some(one), Some(two)) => match at {
                1 if azure => is_uuid(one) && is_uuid(two),
                1 => is_project(one) && is_project(two),
                // Azure's own words ignore case.
                _ if at % 2 == 0 && azure => one.eq_ignore_ascii_case(two),
                _ if at % 2 == 0 => one == two,
                _ => is_piece_alike(one, two),
            },
            _ => false,
        };
        if !alike {
            return false;
        }
        at += 1;
    }
}

fn is_project(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.')
        })
}

/// Whether a text is `Z` with capitals and digits; without a key that shows it, long and with several digits.
fn is_zone(text: &str, of_zone: bool) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let long = if of_zone { 10..=32 } else { 13..=32 };
    text.starts_with('Z')
        && long.contains(&text.len())
        && digits >= if of_zone { 1 } else { 3 }
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use crate::meaning::tests::{assert_all, kinds};
    use crate::meaning::{Opaque, Relation};
    use evenkeel_document::ScalarKind::Text;

    #[test]
    fn amazon_resource_names_are_opaque() {
        assert_all(
            kinds(Text, Text),
            "anything",
            &[
                (
                    "arn:aws:iam::111111111111:role/app",
                    "arn:aws:iam::222222222222:role/app",
                ),
                (
                    "arn:aws:sns:us-east-1:111111111111:alerts",
                    "arn:aws:sns:eu-west-1:222222222222:alerts",
                ),
                (
                    "arn:aws:acm:us-east-1:111111111111:certificate/123e4567-e89b-12d3-a456-426614174000",
                    "arn:aws:acm:us-east-1:111111111111:certificate/9b2f7c1a-0c53-4b5e-9d1e-3f1a2b3c4d5e",
                ),
                (
                    "arn:aws:secretsmanager:us-east-1:111111111111:secret:db-x7Kd9a",
                    "arn:aws:secretsmanager:us-east-1:222222222222:secret:db-P2q8Zz",
                ),
                (
                    "arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/app/web/50dc6c495c0c9188",
                    "arn:aws:elasticloadbalancing:us-east-1:222222222222:loadbalancer/app/web/e1f2a3b4c5d60718",
                ),
                (
                    "arn:aws:ec2:us-east-1:111111111111:vpc/vpc-0a1b2c3d4e5f60718",
                    "arn:aws:ec2:us-east-1:222222222222:vpc/vpc-1a2b3c4d5e6f70819",
                ),
            ],
            &Relation::Opaque(Opaque::Arn),
        );
    }

    #[test]
    fn chosen_resource_names_are_not_opaque() {
        assert_all(
            kinds(Text, Text),
            "anything",
            &[
                (
                    "arn:aws:iam::111111111111:role/app",
                    "arn:aws:iam::111111111111:role/admin",
                ),
                (
                    "arn:aws:iam::111111111111:role/app",
                    "arn:aws:iam::222222222222:role/admin",
                ),
                (
                    "arn:aws:iam::111111111111:role/app",
                    "arn:aws:iam::222222222222:user/app",
                ),
                (
                    "arn:aws:iam::aws:policy/ReadOnlyAccess",
                    "arn:aws:iam::aws:policy/AdministratorAccess",
                ),
                (
                    "arn:aws:iam::aws:policy/X",
                    "arn:aws:iam::111111111111:policy/X",
                ),
                ("arn:aws:s3:::bucket-a", "arn:aws:s3:::bucket-b"),
                ("arn:aws:s3:::app-logs", "arn:aws:s3:::app-data"),
                ("arn:aws:s3:::bucket", "arn:aws:sns:::bucket"),
                (
                    "arn:aws:sns:us-east-1:111111111111:a",
                    "arn:aws-cn:sns:us-east-1:111111111111:b",
                ),
                (
                    "arn:aws:sns:us-east-1:111111111111:alerts",
                    "arn:aws:sns:us-east-1:111111111111:alerts:subscription",
                ),
                (
                    "arn:aws:kms:us-east-1:111111111111:alias/app",
                    "arn:aws:kms:us-east-1:111111111111:key/app",
                ),
                (
                    "arn:aws:lambda:us-east-1:111111111111:function:f:1",
                    "arn:aws:lambda:us-east-1:111111111111:function:f:2",
                ),
                ("arn:aws:iam::1111:role/app", "arn:aws:iam::2222:role/app"),
                ("arn:aws", "arn:aws:iam"),
                (
                    "arn:aws:iam::111111111111:role/app x",
                    "arn:aws:iam::222222222222:role/app x",
                ),
                (
                    "arn:aws:secretsmanager:us-east-1:111111111111:secret:db-x7Kd9a",
                    "arn:aws:secretsmanager:us-east-1:222222222222:secret:api-P2q8Zz",
                ),
            ],
            &Relation::Differs,
        );
    }

    #[test]
    fn ids_and_paths_of_clouds_are_opaque() {
        assert_all(
            kinds(Text, Text),
            "anything",
            &[
                ("vpc-0a1b2c3d4e5f60718", "vpc-1a2b3c4d5e6f70819"),
                ("subnet-0a1b2c3d", "subnet-1a2b3c4d5e6f70819"),
                ("sg-0a1b2c3d", "sg-9f8e7d6c"),
                ("i-0123456789abcdef0", "i-0fedcba9876543210"),
                ("ami-0a1b2c3d", "ami-9f8e7d6c"),
                ("tgw-attach-0a1b2c3d", "tgw-attach-9f8e7d6c"),
                (
                    "ocid1.vcn.oc1.iad.aaaaaaaaxyz1234567",
                    "ocid1.vcn.oc1.phx.bbbbbbbbxyz1234567",
                ),
                (
                    "projects/stage-1/locations/eu/keyRings/app/cryptoKeys/db",
                    "projects/prod-1/locations/eu/keyRings/app/cryptoKeys/db",
                ),
                (
                    "projects/123456789/secrets/db",
                    "projects/987654321/secrets/db",
                ),
                (
                    "/subscriptions/123e4567-e89b-12d3-a456-426614174000/resourceGroups/app",
                    "/subscriptions/9b2f7c1a-0c53-4b5e-9d1e-3f1a2b3c4d5e/resourcegroups/app",
                ),
                ("Z0123456789ABCDEFGHIJ", "Z9876543210ABCDEFGHIJ"),
            ],
            &Relation::Opaque(Opaque::CloudId),
        );
        assert_all(
            kinds(Text, Text),
            "zone_id",
            &[
                ("Z1D633PJN98FT9", "Z2FDTNDATAQYW2"),
                ("ZABCDEFGH1", "ZABCDEFGH2"),
            ],
            &Relation::Opaque(Opaque::CloudId),
        );
    }

    #[test]
    fn names_that_look_like_ids_are_not() {
        assert_all(
            kinds(Text, Text),
            "anything",
            &[
                ("vpc-staging", "vpc-production"),
                ("i-frontend", "i-backends"),
                ("sg-facade", "sg-decade"),
                ("fs-deadbeef", "fs-facadeed"),
                ("snap-20240101", "snap-20240102"),
                ("vpc-0a1b2c3d", "sg-0a1b2c3d"),
                ("web-0a1b2c3d", "web-9f8e7d6c"),
                ("vpc-0a1b2c3", "vpc-9f8e7d6"),
                ("VPC-0A1B2C3D", "VPC-9F8E7D6C"),
                ("vpc-0a1B2c3D", "vpc-9f8E7d6C"),
                (
                    "ocid1.vcn.oc1.iad.aaaaaaaaxyz1234567",
                    "ocid1.subnet.oc1.iad.aaaaaaaaxyz1234567",
                ),
                ("ocid1.vcn", "ocid1.x"),
                ("projects/a", "projects/b"),
                ("projects/a/secrets/db", "projects/b/secrets/api"),
                (
                    "projects/a/secrets/db/versions/3",
                    "projects/a/secrets/db/versions/5",
                ),
                ("projects/a/secrets/db", "projects/a/topics/db"),
                ("projects/a/b", "projects/a/c"),
                (
                    "/subscriptions/a/resourceGroups/app",
                    "/subscriptions/b/resourceGroups/app",
                ),
                ("ZOOKEEPERONE", "ZOOKEEPERTWO"),
                ("ZONE_1", "ZONE_2"),
                ("ZONEEUROPE1", "ZONEEUROPE2"),
            ],
            &Relation::Differs,
        );
    }
}
