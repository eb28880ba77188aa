//! What a start says before it has begun.

use super::*;

#[tokio::test]
async fn a_store_with_evidence_never_gets_a_new_key() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.server.listen = ([127, 0, 0, 1], 0).into();
    config.store.directory = dir.path().join("evidence");
    config.store.key_file = config.store.directory.join("master.key");
    // A start that came as far as its first segment, and not to its key.
    let options = SegmentOptions::new([1; 16]);
    drop(SegmentStore::open(&config.store.directory, &options, &mut |_| ()).unwrap());
    assert!(need_own_key(&config.store).is_ok(), "nothing is kept there yet");
    let segments = std::fs::read_dir(&config.store.directory).unwrap();
    let mut segments = segments.map(|entry| entry.unwrap().path());
    let segment = segments
        .find(|path| path.extension().is_some_and(|e| e == "seg"))
        .unwrap();
    let mut file = std::fs::OpenOptions::new().append(true).open(segment).unwrap();
    std::io::Write::write_all(&mut file, b"something").unwrap();
    let told = format!("{:#}", start(config.clone(), &mut |_| {}).await.err().unwrap());
    for text in ["master.key", "holds evidence", "put its own master key back"] {
        assert!(told.contains(text), "{text}: {told}");
    }
    assert!(
        !config.store.key_file.exists(),
        "no new key lies in the old one's place"
    );
    config.store.key_command = Some(vec!["/no/such/program".to_owned()]);
    assert!(need_own_key(&config.store).is_ok(), "the key comes from elsewhere");
}

#[tokio::test]
async fn a_missing_key_says_how_to_make_one_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("evidence");
    let mut config = Config::default();
    config.server.listen = ([127, 0, 0, 1], 0).into();
    config.store.directory.clone_from(&folder);
    config.store.create_key = false;
    config.store.key_file = dir.path().join("my master.key");
    config.transparency.key_file = dir.path().join("log.key");
    let told = |config: &Config| {
        let config = config.clone();
        async { format!("{:#}", start(config, &mut |_| {}).await.err().unwrap()) }
    };
    let both = told(&config).await;
    for text in [
        "hedui-master-key-v1:%s",
        "hedui-log-key-v1:%s",
        "my master.key'",
        "create_key",
        "deploy/README.md",
    ] {
        assert!(both.contains(text), "{text}: {both}");
    }
    std::fs::write(&config.transparency.key_file, "").unwrap();
    let one = told(&config).await;
    assert!(one.contains("master-key") && !one.contains("hedui-log-key"), "{one}");
    assert!(!folder.exists(), "nothing is made for a store that cannot be opened");
    config.store.key_command = Some(vec!["/no/such/program".to_owned()]);
    assert!(!told(&config).await.contains("hedui-master-key"));
}
