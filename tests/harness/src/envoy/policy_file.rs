//! The file that Envoy watches for its policy, changed as editors and as the kubelet change files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::render::{Form, place_policy};
use super::sample::Sample;

/// How the folder of the policy file is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// A plain file: changed by renaming another one over it.
    #[default]
    Plain,
    /// As the kubelet mounts a `ConfigMap`: the file is a link into `..data`, which is itself a
    /// link and is swapped.
    Kubelet,
}

/// A policy file on disk.
#[derive(Debug)]
pub struct PolicyFile {
    path: PathBuf,
    tree: Value,
    form: Form,
    layout: Layout,
    revisions: AtomicU32,
}

impl PolicyFile {
    /// Lays out the sample's policy file in `folder`; `None` if the policy stands in the
    /// bootstrap.
    pub(super) fn lay_out(
        sample: &Sample,
        folder: &Path,
        form: Form,
        layout: Layout,
    ) -> Result<Option<Self>> {
        let mut files = sample.files.iter().skip(1);
        let holds_policy = |tree: &Value| {
            place_policy(&mut tree.clone(), None, form).is_ok_and(|policies| policies == 1)
        };
        let Some(file) = files.find(|file| holds_policy(&file.tree)) else {
            if layout == Layout::Kubelet {
                bail!("the sample {} has no policy file to link", sample.name);
            }
            return Ok(None);
        };
        let this = Self {
            path: folder.join(&file.path),
            tree: file.tree.clone(),
            form,
            layout,
            revisions: AtomicU32::new(0),
        };
        if layout == Layout::Kubelet {
            fs::remove_file(&this.path)?;
            this.swap(&this.tree.to_string())?;
            let name = this.name()?;
            symlink(&Path::new("..data").join(name), &this.path)?;
        }
        Ok(Some(this))
    }

    /// Where it is on this machine.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts another policy in force: by renaming a file, or by swapping a link as the kubelet
    /// does, as the folder is laid out.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn replace(&self, policy: &Value) -> Result<()> {
        self.replace_text(&self.text_of(policy)?)
    }

    /// The file with another policy in it, as [`PolicyFile::replace`] writes it.
    ///
    /// # Errors
    /// If the file has no place for one.
    pub fn text_of(&self, policy: &Value) -> Result<String> {
        let mut tree = self.tree.clone();
        place_policy(&mut tree, Some(policy), self.form)?;
        Ok(tree.to_string())
    }

    /// As [`PolicyFile::replace`], with whatever text: also one that is no configuration.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn replace_text(&self, text: &str) -> Result<()> {
        let done = match self.layout {
            Layout::Plain => self.rename(text),
            Layout::Kubelet => self.swap(text),
        };
        done.with_context(|| format!("{} cannot be replaced", self.path.display()))
    }

    fn rename(&self, text: &str) -> Result<()> {
        let new = self.path.with_extension("new");
        fs::write(&new, text)?;
        Ok(fs::rename(new, &self.path)?)
    }

    /// A new folder with the new file, and `..data` turned to it in one step.
    fn swap(&self, text: &str) -> Result<()> {
        let folder = self.folder()?;
        let data = folder.join("..data");
        let old = fs::read_link(&data).ok();
        let revision = self.revisions.fetch_add(1, Ordering::Relaxed);
        let new = format!("..revision_{revision}");
        fs::create_dir(folder.join(&new))?;
        fs::write(folder.join(&new).join(self.name()?), text)?;
        let turning = folder.join("..data_tmp");
        symlink(Path::new(&new), &turning)?;
        fs::rename(turning, data)?;
        if let Some(old) = old {
            fs::remove_dir_all(folder.join(old))?;
        }
        Ok(())
    }

    fn folder(&self) -> Result<&Path> {
        self.path.parent().context("the policy file has no folder")
    }

    fn name(&self) -> Result<&std::ffi::OsStr> {
        self.path.file_name().context("the policy file has no name")
    }
}

#[cfg(unix)]
fn symlink(to: &Path, link: &Path) -> Result<()> {
    Ok(std::os::unix::fs::symlink(to, link)?)
}
