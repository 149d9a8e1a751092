//! Lists of hashes from other organisations.

use std::path::PathBuf;
use std::time::Duration;

use faunalens::index::{Form, Index, ListImport, Settings};
use tempfile::TempDir;

const FORMS: [Form; 4] = [Form::ThreatExchange, Form::Csv, Form::PdqTool, Form::Json];

thread_local! {
    static EMPTY: (TempDir, PathBuf) = empty();
}

fn empty() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("seen");
    Index::create(&root, Settings::default()).expect("an index");
    (folder, root)
}

/// Imports the bytes after the first, which says in which form, and forgets them again.
///
/// # Panics
/// When the empty index cannot be opened.
pub fn run(data: &[u8]) {
    let Some((&choice, list)) = data.split_first() else {
        return;
    };
    let form = FORMS[usize::from(choice) % FORMS.len()];
    EMPTY.with(|(_, root)| {
        let mut index = Index::writer(root, Duration::from_secs(5)).expect("the index opens");
        let import = ListImport::new("partner").form(form);
        let _ = index.import(&import, list, &mut |_| ());
    });
}

/// A list in every form.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let hash = "0f1e2d3c4b5a69788796a5b4c3d2e1f0".repeat(2);
    let json = format!(
        "{{\"format\":\"faunalens.hashes.v1\",\"definition\":\"pdq\",\"checkpoint\":\"2026-03-01\"}}\n\
         {{\"id\":\"1\",\"pdq\":\"{hash}\",\"quality\":90,\"updated_at\":\"2026-03-01\",\"tags\":[\"ivory\"],\
         \"sightings\":[{{\"seller\":\"s\",\"platform\":\"market\"}}],\"perceptual\":{{\"phash 16\":\"00ff\"}}}}\n\
         {{\"id\":\"1\",\"updated_at\":\"2026-03-02\",\"deleted\":true}}\n"
    );
    let lists = [
        format!("# list\npdq {hash}\n{hash} 'Wild \\'Life' POSITIVE_CLASS a,b\nmd5 00\n"),
        format!(
            "signal_type,signal_str,collab,category,tags\npdq,{hash},1,NEGATIVE_CLASS,\"a b\"\n"
        ),
        format!("{hash},100,a/b.jpg\n{hash},a.jpg\n"),
        json,
    ];
    (0u8..)
        .zip(lists)
        .map(|(choice, list)| [&[choice], list.as_bytes()].concat())
        .collect()
}
