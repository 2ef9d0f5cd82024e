//! A filter that makes a fixed number of hostcalls and decides nothing: the floor that the real
//! filter's costs are held against. Its configuration is the name of what it does.

#![cfg(target_arch = "wasm32")]

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, BufferType, ContextType, MapType, MetricType};

// What the macro makes has no documentation.
mod entry {
    use super::{Root, Work};

    proxy_wasm::main! {{
        proxy_wasm::set_root_context(|_| Box::new(Root { work: Work::Nothing, metric: 0 }));
    }}
}

/// What is done for each request.
#[derive(Clone, Copy)]
enum Work {
    /// No hostcall.
    Nothing,
    /// One header is read.
    Get,
    /// One header is read that is there, and one that is not.
    Look,
    /// One header is read, one written.
    Set,
    /// The cookies are read, a header is written.
    Cookie,
    /// One header is read, and written anew.
    Again,
    /// One header is read, one written, one metric counted.
    Tag,
    /// One header is read, two are written.
    Cluster,
    /// All headers are read, one is written, one metric counted.
    GetAll,
}

struct Root {
    work: Work,
    metric: u32,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let name = hostcalls::get_buffer(BufferType::PluginConfiguration, 0, usize::MAX);
        self.work = match name.ok().flatten().unwrap_or_default().as_slice() {
            b"nothing" => Work::Nothing,
            b"get" => Work::Get,
            b"look" => Work::Look,
            b"set" => Work::Set,
            b"cookie" => Work::Cookie,
            b"again" => Work::Again,
            b"tag" => Work::Tag,
            b"cluster" => Work::Cluster,
            b"get-all" => Work::GetAll,
            _ => return false,
        };
        let metric = hostcalls::define_metric(MetricType::Counter, "graylane_probe_total");
        self.metric = metric.unwrap_or_default();
        true
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Probe {
            work: self.work,
            metric: self.metric,
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Probe {
    work: Work,
    metric: u32,
}

impl Context for Probe {}

impl HttpContext for Probe {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        match self.work {
            Work::Nothing => {}
            Work::Get => get("x-user-id"),
            Work::Look => {
                get("x-user-id");
                get("x-gray-version");
            }
            Work::Set => {
                get("x-user-id");
                set("x-gray-version", "v1");
            }
            Work::Cookie => {
                get("cookie");
                set("x-gray-version", "v1");
            }
            Work::Again => {
                get("x-gray-version");
                set("x-gray-version", "v2");
            }
            Work::Tag => {
                get("x-user-id");
                set("x-gray-version", "v1");
                let _ = hostcalls::increment_metric(self.metric, 1);
            }
            Work::Cluster => {
                get("x-user-id");
                set("x-gray-version", "v1");
                set("x-gray-cluster", "checkout-v1");
            }
            Work::GetAll => {
                let _ = hostcalls::get_map_bytes(MapType::HttpRequestHeaders);
                set("x-gray-version", "v1");
                let _ = hostcalls::increment_metric(self.metric, 1);
            }
        }
        Action::Continue
    }
}

fn get(name: &str) {
    let _ = hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, name);
}

fn set(name: &str, value: &str) {
    let value = Some(value.as_bytes());
    let _ = hostcalls::set_map_value_bytes(MapType::HttpRequestHeaders, name, value);
}
