//! Codes of surveys.

use evenkeel_model::defect::Code;

/// All codes.
pub const CODES: &[&Code] = &[&DIFFERS, &MISSING, &SIZE, &HOST, &EXPIRES, &CANNOT_TELL];

/// A fact with different values.
pub const DIFFERS: Code = Code::error(
    "survey/fact-differs",
    "a fact of the hosts differs between environments",
    "Staging tests the system on other ground than production runs it on. Make the hosts equal, declare the difference, \
     or exclude the fact with `except` of the survey.",
);
/// A fact that one environment lacks.
pub const MISSING: Code = Code::error(
    "survey/fact-missing",
    "a fact is true for the hosts of one environment only",
    "A package, a user, a service or a port exists in one environment only. Make the hosts equal, declare the \
     difference, or exclude the fact with `except` of the survey.",
);
/// A size that is larger on staging.
pub const SIZE: Code = Code::error(
    "survey/size-differs",
    "a host of an earlier environment is larger",
    "Staging may be smaller than production, and not larger: a load that staging carries may be too much for production. \
     Declare the difference if it is intended.",
);
/// A host that differs from the others of its target.
pub const HOST: Code = Code::error(
    "survey/host-differs",
    "a host differs from the other hosts of its target",
    "Hosts of one target run the same resources. Make the host equal to the others, or declare the difference.",
);
/// A certificate that expires soon.
pub const EXPIRES: Code = Code::error(
    "survey/certificate-expires",
    "a certificate on a host expires within 30 days, or is expired",
    "Renew the certificate, and check the job that renews it.",
);
/// Facts that were not read.
pub const CANNOT_TELL: Code = Code::error(
    "survey/cannot-tell",
    "facts of a host are unreadable",
    "Unread facts never count as equal. The message has the reason: an unreachable host, or a file that only root reads.",
);
