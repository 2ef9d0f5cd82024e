//! graylane on a real control plane, on one machine.
//!
//! etcd, kube-apiserver and kube-controller-manager, istiod, pilot-agent and Envoy run as they do
//! in a cluster; what is missing on one machine is played here: [`kubelet`] makes a network
//! namespace of each pod and starts in it what the pod's containers say. All of it lives in
//! namespaces of its own ([`sandbox`]), so that nothing leads out and nothing outlives a run.
//! [`checks`] apply the project's overlays as their users would, and hold what the mesh answers
//! against the native core.

pub mod app;
pub mod checks;
pub mod cli;
pub mod cluster;
pub mod inside;
pub mod kubelet;
pub mod mesh;
pub mod parts;
pub mod sandbox;

mod process;
