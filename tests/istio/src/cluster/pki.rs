//! The cluster's certificates and keys, new for each run, and who may sign in with them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use serde_json::json;

use super::API;

/// Who an administrator is, by Kubernetes' own rules.
const ADMINISTRATORS: &str = "system:masters";

/// Files of the cluster's own authority.
#[derive(Debug)]
pub(super) struct Pki {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Pki {
    /// Makes the authority, the API's certificate and the key of service accounts.
    pub(super) fn create(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "graylane-istio");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        let key = KeyPair::generate()?;
        fs::write(folder.join("ca.crt"), params.self_signed(&key)?.pem())?;
        let pki = Self {
            folder: folder.to_owned(),
            issuer: Issuer::new(params, key),
        };
        let names = ["kubernetes.default.svc".to_owned(), API.ip().to_string()];
        let mut server = CertificateParams::new(names)?;
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        pki.issue("api", server)?;
        let accounts = KeyPair::generate()?;
        fs::write(folder.join("accounts.key"), accounts.serialize_pem())?;
        fs::write(folder.join("accounts.pub"), accounts.public_key_pem())?;
        Ok(pki)
    }

    /// A file of it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The configuration of an administrator; its file.
    pub(super) fn administrator(&self) -> Result<PathBuf> {
        self.client("admin", "admin", Some(ADMINISTRATORS))
    }

    /// The configuration of someone whom Kubernetes knows by this name; its file.
    pub(super) fn component(&self, file: &str, name: &str) -> Result<PathBuf> {
        self.client(file, name, None)
    }

    /// The configuration of whoever has this token; its file.
    pub(super) fn bearer(&self, file: &str, token: &str) -> Result<PathBuf> {
        self.kubeconfig(file, &json!({ "token": token }))
    }

    fn client(&self, file: &str, name: &str, group: Option<&str>) -> Result<PathBuf> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        if let Some(group) = group {
            params
                .distinguished_name
                .push(DnType::OrganizationName, group);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(file, params)?;
        let user = json!({
            "client-certificate": self.file(&format!("{file}.crt")),
            "client-key": self.file(&format!("{file}.key")),
        });
        self.kubeconfig(file, &user)
    }

    fn issue(&self, file: &str, mut params: CertificateParams) -> Result<()> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        fs::write(self.file(&format!("{file}.crt")), certificate.pem())?;
        fs::write(self.file(&format!("{file}.key")), key.serialize_pem())?;
        Ok(())
    }

    fn kubeconfig(&self, file: &str, user: &serde_json::Value) -> Result<PathBuf> {
        let path = self.file(&format!("{file}.kubeconfig"));
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "local", "cluster": {
                "server": format!("https://{API}"),
                // In itself: pods do not see the folder's files.
                "certificate-authority": self.file("ca.crt"),
            } }],
            "users": [{ "name": "user", "user": user }],
            "contexts": [{ "name": "local", "context": { "cluster": "local", "user": "user" } }],
            "current-context": "local",
        });
        fs::write(&path, config.to_string())?;
        Ok(path)
    }
}
