//! Models of servers and frameworks: from the bytes of a request to the operation that they perform.
//!
//! Each is more lenient than the real thing where versions and settings differ: what one release does, the model
//! does. A request that a model refuses performs nothing.

mod aspnet;
mod go_servemux;
mod iis;
mod kestrel;
mod nginx;
mod overlong;
mod php;
mod rails;
mod spring;
mod steps;
mod tomcat;
mod truncating;
mod unicode_fold;
mod whatwg;

pub(crate) use crate::request::Request;
use crate::rules::Operation;

pub(crate) struct Backend {
    pub(crate) name: &'static str,
    /// The operations that the server may take the request for; none when it refuses it.
    pub(crate) operations: fn(&Request) -> Vec<Operation>,
    /// Whether its router takes a segment for a literal.
    pub(crate) same: fn(&str, &str) -> bool,
}

pub(crate) const ALL: [Backend; 15] = [
    Backend { name: "nginx", operations: nginx::operations, same: str::eq_ignore_ascii_case },
    Backend {
        name: "nginx, decoding twice",
        operations: nginx::operations_twice,
        same: str::eq_ignore_ascii_case,
    },
    Backend { name: "Kestrel", operations: kestrel::operations, same: str::eq_ignore_ascii_case },
    Backend { name: "Tomcat", operations: tomcat::operations, same: str::eq_ignore_ascii_case },
    Backend { name: "Rails", operations: rails::operations, same: str::eq_ignore_ascii_case },
    Backend { name: "PHP", operations: php::operations, same: str::eq_ignore_ascii_case },
    Backend { name: "Spring", operations: spring::operations, same: spring::same },
    Backend { name: "IIS", operations: iis::operations, same: str::eq_ignore_ascii_case },
    Backend { name: "Go ServeMux", operations: go_servemux::operations, same: str::eq_ignore_ascii_case },
    Backend { name: "ASP.NET", operations: aspnet::operations, same: str::eq_ignore_ascii_case },
    Backend { name: "WHATWG parser", operations: whatwg::operations, same: str::eq_ignore_ascii_case },
    Backend { name: "truncating", operations: truncating::operations, same: str::eq_ignore_ascii_case },
    Backend { name: "overlong UTF-8", operations: overlong::operations, same: str::eq_ignore_ascii_case },
    Backend { name: "Unicode folding", operations: unicode_fold::operations, same: unicode_fold::same },
    Backend { name: "plain", operations: plain, same: str::eq_ignore_ascii_case },
];

/// Decodes once and routes: the reading that a judgement itself is of.
fn plain(request: &Request) -> Vec<Operation> {
    let (path, _) = steps::cut(&request.target, b"?");
    steps::served(request, &steps::text(&steps::decode(path))).into_iter().collect()
}
