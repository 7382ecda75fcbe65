//! The settings: as they are written, what they become, and the text of each refusal.

use grainstore::ErrorKind;
use grainstore::backend::{Mode, StorageConfig};
use grainstore::engine::{BlockCompression, Durability};

#[test]
fn the_defaults_are_those_that_are_told() {
    let config = StorageConfig::default();
    assert_eq!(config.mode, Mode::Embedded);
    assert_eq!(
        (config.cache_size_mb, config.write_buffer_size_mb),
        (2_048, 512)
    );
    assert_eq!(
        (config.enable_compression, config.sync_writes),
        (false, true)
    );
    let fast = StorageConfig::high_performance();
    assert!(!fast.sync_writes);
    assert_eq!(
        StorageConfig {
            sync_writes: true,
            ..fast
        },
        config
    );
}

#[test]
fn sizes_are_shared_among_the_shards_and_writes_are_synced_as_asked() {
    let options = StorageConfig::default().options(4).unwrap();
    assert_eq!(options.engine.cache_bytes, 512 << 20);
    assert_eq!(options.engine.memtable_bytes, 128 << 20);
    assert_eq!(options.engine.durability, Durability::Sync);
    assert_eq!(options.engine.compression, BlockCompression::None);
    let fast = StorageConfig::high_performance().options(4).unwrap();
    assert!(matches!(fast.engine.durability, Durability::Batch(_)));
}

fn refusal(config: &StorageConfig) -> String {
    let error = config.open("/never made").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    error.to_string()
}

#[test]
fn compression_that_is_not_built_in_is_told() {
    let config = StorageConfig {
        enable_compression: true,
        ..StorageConfig::default()
    };
    if cfg!(feature = "lz4") {
        let options = config.options(4).unwrap();
        assert_eq!(options.engine.compression, BlockCompression::Lz4);
    } else {
        assert_eq!(
            refusal(&config),
            "enable_compression: true is not built in: enable grainstore's feature `lz4`, or set \
             it to false"
        );
    }
}

#[test]
fn sizes_that_cannot_be_are_told() {
    let config = |cache_size_mb, write_buffer_size_mb| StorageConfig {
        cache_size_mb,
        write_buffer_size_mb,
        ..StorageConfig::default()
    };
    let text = refusal(&config(u64::MAX, 512));
    assert!(
        text.starts_with("cache_size_mb is 18446744073709551615 for "),
        "{text}"
    );
    let text = refusal(&config(1, 0));
    assert!(text.starts_with("write_buffer_size_mb is 0 for "), "{text}");
    let text = refusal(&config(1, 1 << 20));
    assert!(
        text.starts_with("write_buffer_size_mb is 1048576 for "),
        "{text}"
    );
}

#[test]
fn a_cluster_is_told_to_be_not_built_in() {
    let config = StorageConfig {
        mode: Mode::Cluster,
        ..StorageConfig::default()
    };
    assert_eq!(
        refusal(&config),
        "mode: cluster is not built in: grainstore keeps its data in this process; use mode: \
         embedded, or a KvBackend of your own"
    );
}

#[cfg(feature = "yaml")]
mod yaml {
    use super::*;

    fn told(text: &str) -> String {
        let error = StorageConfig::from_yaml(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        error.to_string()
    }

    #[test]
    fn the_shortest_file_is_read() {
        let text = "storage:\n  mode: embedded    # or \"cluster\"\n";
        assert_eq!(
            StorageConfig::from_yaml(text).unwrap(),
            StorageConfig::default()
        );
    }

    #[test]
    fn the_file_of_a_cluster_is_read_and_answered_at_the_open() {
        let text = r#"storage:
  mode: cluster
  cluster:
    pdEndpoints:
      - "pd1:23791"
      - "pd2:23792"
      - "pd3:23793"
    timeoutMs: 5000
    autoStart: true     # Dev only - starts Docker cluster automatically
"#;
        let config = StorageConfig::from_yaml(text).unwrap();
        let cluster = config.cluster.as_ref().unwrap();
        assert_eq!(
            cluster.pd_endpoints,
            ["pd1:23791", "pd2:23792", "pd3:23793"]
        );
        assert_eq!((cluster.timeout_ms, cluster.auto_start), (5_000, true));
        let text = refusal(&config);
        let told = "mode: cluster (at pd1:23791, pd2:23792, pd3:23793) is not built in";
        assert!(text.starts_with(told), "{text}");
    }

    #[test]
    fn every_setting_is_read() {
        let text = "storage:\n  cache_size_mb: 1024\n  write_buffer_size_mb: 64\n  \
                    enable_compression: true\n  sync_writes: false\n";
        let config = StorageConfig::from_yaml(text).unwrap();
        assert_eq!(
            (config.cache_size_mb, config.write_buffer_size_mb),
            (1_024, 64)
        );
        assert_eq!(
            (config.enable_compression, config.sync_writes),
            (true, false)
        );
    }

    #[test]
    fn a_key_that_is_not_known_is_told_beside_those_that_are() {
        for (text, key, known) in [
            ("storage:\n  cache_mb: 5\n", "cache_mb", "cache_size_mb"),
            (
                "storage:\n  cluster:\n    pdEndpoints: []\n    nodes: 3\n",
                "nodes",
                "timeoutMs",
            ),
            ("storage: {}\nmode: embedded\n", "mode", "storage"),
        ] {
            let text = told(text);
            assert!(
                text.starts_with("the storage settings cannot be read: "),
                "{text}"
            );
            assert!(text.contains(key) && text.contains(known), "{text}");
        }
    }

    #[test]
    fn values_of_another_kind_are_told_with_their_place() {
        for (text, expected) in [
            ("storage:\n  mode: clustered\n", "clustered"),
            ("storage:\n  cache_size_mb: many\n", "line 2"),
            ("storage:\n  sync_writes: 3\n", "line 2"),
            ("storage:\n  cache_size_mb: -1\n", "line 2"),
            ("storage:\n  mode: cluster\n  cluster: {}\n", "pdEndpoints"),
            ("cache_size_mb: 5\n", "cache_size_mb"),
            ("storage: [\n", "line"),
            ("", "storage"),
        ] {
            let found = told(text);
            assert!(found.contains(expected), "{text:?} was told as: {found}");
        }
    }
}
