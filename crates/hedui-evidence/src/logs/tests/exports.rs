//! Laws of exports: every entry and every tile of the checkpoint, every sealed record in its place, and the same whether at once or in two.
//! Leaves checking an export to `hedui-verify`.

use super::*;

/// The files of an export, pieces put together; none may be too large or out of order.
async fn exported(logs: &DistrictLogs, store: &MemoryStore, what: Export) -> Vec<(String, Vec<u8>)> {
    let log = LogName::parse("511703/2026").unwrap();
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut give = |Exported { path, offset, bytes }: Exported| {
        if offset == 0 {
            assert!(files.iter().all(|(other, _)| *other != path), "{path} begins twice");
            files.push((path, bytes));
        } else {
            let (last, whole) = files.last_mut().unwrap();
            assert!(*last == path && whole.len() as u64 == offset && bytes.len() <= 1 << 20);
            whole.extend(bytes);
        }
        true
    };
    logs.export(store, &log, what, &mut give).await.unwrap();
    files
}

const SEALED: Export = Export {
    sealed: true,
    skip_bundles: 0,
};

#[test]
fn an_export_holds_every_entry_and_every_tile_of_its_checkpoint() {
    runtime().block_on(async {
        let mut rng = StdRng::seed_from_u64(3);
        let store = MemoryStore::new();
        let logs = logs(None);
        for records in [300, 1, 80, 256] {
            store.append(frame(&mut rng, "511703", NOW, records)).await.unwrap();
        }
        follow(&logs, &store).await.unwrap();
        // What comes later is not in it.
        store.append(frame(&mut rng, "511703", NOW, 5)).await.unwrap();
        let files = exported(&logs, &store, Export::default()).await;
        assert_eq!(files.last().unwrap().0, "checkpoint");
        let files: BTreeMap<String, Vec<u8>> = files.into_iter().collect();
        let checkpoint = checkpoint_of(std::str::from_utf8(&files["checkpoint"]).unwrap());
        let size = checkpoint.size;
        let mut tree = Frontier::default();
        for path in hedui_log::tile::tiles_of(size) {
            let bytes = &files[&path.to_string()];
            match path.level {
                hedui_log::tile::Level::Entries => {
                    for entry in parse_entries(bytes, path.width).unwrap() {
                        tree.append(leaf_hash(entry), |_, _, _| ());
                    }
                }
                hedui_log::tile::Level::Hashes(_) => assert_eq!(bytes.len(), usize::from(path.width) * 32),
            }
        }
        assert_eq!((tree.size(), tree.root()), (checkpoint.size, checkpoint.root));
        assert_eq!(files.len(), hedui_log::tile::tiles_of(size).count() + 2);
    });
}

#[test]
fn sealed_records_stand_behind_their_lengths_in_the_order_of_the_leaves() {
    runtime().block_on(async {
        let (store, logs) = (MemoryStore::new(), logs(None));
        let mut frame = frame(&mut StdRng::seed_from_u64(4), "511703", NOW, 3);
        for (sealed, bytes) in frame.sealed.iter_mut().zip([&[1, 2, 3][..], &[7], &[0xFF, 0]]) {
            sealed.ciphertext = bytes.to_vec();
        }
        // Order in the frame is of no account; the second leaf's record is gone.
        frame.sealed.remove(1);
        frame.sealed.reverse();
        store.append(frame).await.unwrap();
        follow(&logs, &store).await.unwrap();
        let files = exported(&logs, &store, SEALED).await;
        let golden = [0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0xFF, 0];
        assert_eq!(files[0].0, "policy");
        assert_eq!(files[1], ("evidence-v1/000.p/3".to_owned(), golden.to_vec()));
        assert_eq!(files[2].0, "tile/entries/000.p/3");
    });
}

/// The records of a bundle, and nothing behind them.
fn records(mut bundle: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while let Some((length, rest)) = bundle.split_first_chunk::<4>() {
        let (record, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        records.push(record.to_vec());
        bundle = rest;
    }
    assert!(bundle.is_empty());
    records
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_ciphertext_is_exported_once_and_an_export_in_two_is_the_same(
        frames in prop::collection::vec((0..300usize, any::<u64>()), 1..8),
        large in any::<bool>(),
        skip in 0..4u64,
    ) {
        runtime().block_on(async {
            let (store, logs) = (MemoryStore::new(), logs(None));
            let mut expected: Vec<Vec<u8>> = Vec::new();
            // Frames may be without leaves; the log is not.
            for (records, seed) in frames.into_iter().chain([(1, 1)]) {
                let mut frame = frame(&mut StdRng::seed_from_u64(seed), "511703", NOW, records);
                if let Some(first) = frame.sealed.first_mut().filter(|_| large) {
                    first.ciphertext.resize(3 << 19, 5);
                }
                // Some leaves lost their record.
                let kept: Vec<bool> = (0..records).map(|n| (seed >> (n % 64)) & 1 == 1).collect();
                expected.extend(frame.sealed.iter().zip(&kept).map(|(s, kept)| {
                    if *kept { s.ciphertext.clone() } else { Vec::new() }
                }));
                let mut kept = kept.into_iter();
                frame.sealed.retain(|_| kept.next() == Some(true));
                store.append(frame).await.unwrap();
            }
            follow(&logs, &store).await.unwrap();
            let whole = exported(&logs, &store, SEALED).await;
            let found: Vec<Vec<u8>> = whole
                .iter()
                .filter(|(path, _)| path.starts_with(SEALED_FOLDER))
                .flat_map(|(_, bytes)| records(bytes))
                .collect();
            prop_assert_eq!(&found, &expected);

            let skip_bundles = skip.min(expected.len() as u64 / 256);
            let rest = exported(&logs, &store, Export { skip_bundles: skip, sealed: true }).await;
            prop_assert_eq!(&whole[0], &rest[0]);
            prop_assert_eq!(&whole[1 + 2 * skip_bundles as usize..], &rest[1..]);
            let bare = exported(&logs, &store, Export::default()).await;
            let sealed = |path: &str| path.starts_with(SEALED_FOLDER);
            prop_assert_eq!(bare, whole.into_iter().filter(|(path, _)| !sealed(path)).collect::<Vec<_>>());
            Ok(())
        })?;
    }
}
