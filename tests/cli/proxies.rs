//! Policies against what a gateway, a sidecar and a waypoint of Istio have in force, each cut down to
//! what is looked at. The first two are of live ones; of the waypoint's, an Envoy without Istio's own
//! filters took the clusters and refused the listeners, whose routes these are.

use std::fs;

use serde_json::{Value, json};

use crate::dump::{beside, policy, said};
use crate::run::graylane;

fn dump(file: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

fn gateway() -> Value {
    dump("docs/examples/gateway-dump.json")
}

fn sidecar() -> Value {
    dump("tests/cli/dumps/sidecar.json")
}

fn waypoint() -> Value {
    dump("tests/cli/dumps/waypoint.json")
}

/// What is said of a dump and the policy in it.
fn in_force(dump: &Value) -> Vec<String> {
    said(&graylane(
        &["check", "--config-dump=-", "--format=json"],
        &dump.to_string(),
    ))
}

#[test]
fn a_gateway_is_asked_for_its_own_services() {
    assert_eq!(
        in_force(&gateway()),
        [
            "note: services[1].hosts: no route of this proxy leads to a service by the hosts of pay; \
             unless another proxy is asked for it, write them as callers do",
            "warning: services[0].versions[2].cluster: no route for checkout matches x-gray-cluster: \
             checkout-v3, only checkout-v2; so requests for v3 go where the baseline's go; match it in a \
             VirtualService of these hosts that names this gateway",
        ]
    );
}

#[test]
fn a_sidecar_is_asked_for_what_it_was_sent() {
    assert_eq!(in_force(&sidecar()), Vec::<String>::new());
    // As with a `Sidecar` resource that leaves checkout out, and before a listener's routes came.
    let mut sidecar = sidecar();
    for table in sidecar["configs"][4]["dynamic_route_configs"]
        .as_array_mut()
        .unwrap()
    {
        let hosts = table["route_config"]["virtual_hosts"]
            .as_array_mut()
            .unwrap();
        hosts.retain(|host| host["name"] != "checkout.shop.svc.cluster.local:80");
    }
    let listener = json!({ "filters": [{ "rds": { "route_config_name": "8080" } }] });
    sidecar["configs"][3]["dynamic_listeners"]
        .as_array_mut()
        .unwrap()
        .push(listener);
    assert_eq!(
        in_force(&sidecar),
        [
            "note: policy: the dump lacks the routes 8080, which listeners of this proxy wait for; take \
             it again once they have come",
            "note: services[0].hosts: no route of this proxy leads to a service by the hosts of checkout; \
             unless another proxy is asked for it, write them as callers do",
        ]
    );
}

/// Istio's routes, all of them made to take the cluster that the header names.
fn naming(mut dump: Value) -> Value {
    fn rename(node: &mut Value) {
        if let Some(route) = node.get_mut("route").filter(|route| route.is_object()) {
            *route = json!({ "cluster_header": "x-gray-cluster" });
        }
        match node {
            Value::Object(fields) => fields.values_mut().for_each(rename),
            Value::Array(items) => items.iter_mut().for_each(rename),
            _ => {}
        }
    }
    rename(&mut dump);
    dump
}

#[test]
fn what_to_do_about_a_cluster_depends_on_the_proxy() {
    let mut policy = policy();
    let service = &mut policy["services"][0];
    service["hosts"] = json!(["pay.shop", "pay.shop.svc.cluster.local"]);
    service["versions"] = json!([{ "name": "v1" }, { "name": "v2" }]);
    service.as_object_mut().unwrap().remove("mirror");
    let named = |dump: Value, cluster: &str| {
        let mut policy = policy.clone();
        policy["services"][0]["versions"][1]["cluster"] = json!(cluster);
        let mut said = beside(&naming(dump), &policy);
        said.retain(|sentence| sentence.starts_with("warning"));
        said.pop()
    };
    // The gateway's only host, so that it is asked for the service.
    let mut gateway = gateway();
    let table = &mut gateway["configs"][4]["dynamic_route_configs"][0]["route_config"];
    table["virtual_hosts"][0]["domains"] = json!(["pay.shop"]);
    let no_cluster = |cluster: &str, instead: &str| {
        format!(
            "warning: services[0].versions[1].cluster: {cluster} is no cluster of this proxy, so \
             requests for v2 get 503; {instead}"
        )
    };
    let pay = |subset: &str| format!("outbound|80|{subset}|pay.shop.svc.cluster.local");
    let cart = "outbound|80|v2|cart.shop.svc.cluster.local";
    let all = [pay("v1"), pay("v2"), pay("")].join(", ");
    assert_eq!(named(sidecar(), &pay("v2")), None);
    assert_eq!(named(gateway.clone(), &pay("v2")), None);
    for (dump, cluster, instead) in [
        (
            sidecar(),
            &*pay("v3"),
            format!("it has {all}: add the subset to the DestinationRule"),
        ),
        (
            gateway.clone(),
            &pay("v3"),
            format!(
                "it has {all}: add the subset to the DestinationRule, and under \
                 PILOT_FILTER_GATEWAY_CLUSTER_CONFIG a route of this gateway that names it"
            ),
        ),
        (
            sidecar(),
            cart,
            "it has none of cart.shop.svc.cluster.local: correct the host, or take it into the Sidecar \
             resource that leaves it out"
                .to_owned(),
        ),
        (
            gateway,
            cart,
            "it has none of cart.shop.svc.cluster.local: correct the host, or under \
             PILOT_FILTER_GATEWAY_CLUSTER_CONFIG let a route of this gateway name it"
                .to_owned(),
        ),
        (
            waypoint(),
            "inbound-vip|80|http/v2|cart.shop.svc.cluster.local",
            "it has none of cart.shop.svc.cluster.local: correct the host, or give the service this \
             waypoint by `istio.io/use-waypoint`"
                .to_owned(),
        ),
        (
            sidecar(),
            "pay-v2",
            "Istio's clusters are called `outbound|port|subset|host`: name one so, or match the value \
             in a VirtualService instead"
                .to_owned(),
        ),
    ] {
        assert_eq!(named(dump, cluster), Some(no_cluster(cluster, &instead)));
    }
    assert_eq!(
        named(waypoint(), &pay("v2")),
        Some(no_cluster(
            &pay("v2"),
            "a waypoint has other names: `inbound-vip|80|http/v2|pay.shop.svc.cluster.local`, in a \
             policy of its own"
        ))
    );
    let own = "inbound-vip|80|http/v2|pay.shop.svc.cluster.local";
    assert_eq!(named(waypoint(), own), None);
}

#[test]
fn a_waypoint_has_a_table_for_each_service() {
    assert_eq!(in_force(&waypoint()), Vec::<String>::new());
    let other = waypoint().to_string().replace("pay-v2\\\"", "pay-v3\\\"");
    assert_eq!(
        in_force(&serde_json::from_str(&other).unwrap()),
        [
            "warning: services[1].versions[1].cluster: no route for pay matches x-gray-cluster: pay-v3, \
             only pay-v2; so requests for v2 go where the baseline's go; match it in a VirtualService or \
             HTTPRoute of the service"
        ]
    );
}

#[test]
fn a_policy_of_several_filters_counts_once_and_a_wrong_one_is_refused() {
    let mut twice = gateway();
    let filters = twice["configs"][2]["ecds_filters"].as_array_mut().unwrap();
    filters.push(filters[0].clone());
    assert_eq!(in_force(&twice), in_force(&gateway()));
    let wrong = gateway().to_string().replace("graylane/v1", "graylane/v9");
    let ran = graylane(&["check", "--config-dump=-"], &wrong);
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.out,
        "-: error: schema: unknown variant `graylane/v9`, expected `graylane/v1`\n"
    );
}

#[test]
fn a_dump_that_cannot_tell_says_so() {
    let without = |section: usize, list: &str| {
        let mut dump = gateway();
        dump["configs"][section]
            .as_object_mut()
            .unwrap()
            .remove(list);
        dump
    };
    let mut no_clusters = without(1, "static_clusters");
    no_clusters["configs"][1]
        .as_object_mut()
        .unwrap()
        .remove("dynamic_active_clusters");
    let mut stand_in = gateway();
    let rbac = json!({ "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC" });
    stand_in["configs"][2]["ecds_filters"][0]["ecds_filter"]["typed_config"] = rbac;
    for (dump, sentence) in [
        (
            no_clusters.to_string(),
            "error: - has no clusters, and so is no whole dump of a proxy that serves; take it from \
             /config_dump, without `resource` and `mask`\n",
        ),
        (
            without(4, "dynamic_route_configs").to_string(),
            "error: - has no routes, and so is no whole dump of a proxy that serves; take it from \
             /config_dump, without `resource` and `mask`\n",
        ),
        (
            without(2, "ecds_filters").to_string(),
            "error: - has no graylane filter; give the policy beside it, or take it again once the \
             proxy has one\n",
        ),
        (
            stand_in.to_string(),
            "error: - has no graylane filter: extensions.istio.io/trafficextension/istio-system.graylane\
             ~istio-translated-wasmplugin is an RBAC filter there, which Istio's agent puts in place of a \
             module that it cannot fetch; look into its log\n",
        ),
        (
            "configs: []".to_owned(),
            "error: - is not JSON: expected value at line 1 column 1\n",
        ),
    ] {
        let ran = graylane(&["check", "--config-dump=-"], &dump);
        assert_eq!((ran.code, ran.err.as_str()), (2, sentence));
    }
    let ran = graylane(&["check", "--config-dump", "none.json"], "");
    assert!(
        ran.err.starts_with("error: none.json cannot be read: "),
        "{}",
        ran.err
    );
}
