//! Which test programs are run for a mistake, and in which order.
//!
//! First the one that should find it, for a short run and a finding that says what went wrong; then
//! all that are about behaviour, the quick and telling ones before the others.

use super::list::Mistake;
use super::trial::Try;

const fn all_of(program: &'static str) -> Try {
    Try {
        program,
        filter: "",
    }
}

/// The programs that are run where the first ones find nothing.
pub(super) const IN_ORDER: &[Try] = &[
    all_of("lib"),
    all_of("model"),
    all_of("typed_model"),
    all_of("crash"),
    all_of("faults"),
    all_of("damage"),
    all_of("disk_full"),
    all_of("indexes"),
    all_of("watch"),
    all_of("api"),
    all_of("tombstones"),
    all_of("engine_options"),
    all_of("migrations"),
    all_of("backend"),
    all_of("backend_conformance"),
    all_of("backend_crash"),
    all_of("golden"),
    all_of("keys"),
    all_of("codec_golden"),
    all_of("codec_evolution"),
    all_of("codec_memory"),
    all_of("journal"),
    all_of("process"),
    all_of("inspect"),
    all_of("repair"),
    all_of("asynchronous"),
    all_of("fuzz_seeds"),
];

/// A program, the tests of it that are run (`*` for all), and the mistakes that they should find.
const SUSPECTS: &str = "
api           as_durable                        CopyUnsynced
api           batched_writes_are_flushed        BatchedSyncForgotten
api           ingest::                          IngestUnderMemtable
api           nothing_is_done_after_a_close     WorkAfterClose
api           though_any_sync_fails             FailedSyncRetried
backend_crash batches_are_whole_and             IntentUnwritten
codec_golden  conforms                          BytesAfterValue
codec_memory  a_claimed_length                  LengthTakenAtItsWord
crash         a_database_in_new_directories     NewFolderUnsynced
crash         a_manifest_that_is_written_anew   CurrentNameUnsynced ManifestUnsynced
crash         survive_power_loss                LogNameUnsynced TableNameUnsynced TableDataUnsynced
crash         survive_power_loss                AcknowledgedUnsynced EditUnsynced LogGoneTooEarly
damage        a_lost_file                       MissingLogPassedOver
damage        every_flipped_bit_is              LogPayloadUnchecked LogHeaderUnchecked
damage        every_flipped_bit_is              BlockUnchecked FooterUnchecked EditUnchecked
damage        walks::                           ErrorForgotten
faults        any_call_may_be_interrupted       LatchStaysOpen
faults        any_call_may_fail_once            InputsGivenUpFirst FailedEditGoesOn
faults        reproducers::                     FailedAppendGoesOn
faults        syncs::                           RecoveredLogUnsynced RecoveredManifestUnsynced
indexes       lifetime_that_changes             IndexExpiryStays
indexes       second_record_with_a_unique_key   DuplicateUnseen
indexes       writes::                          IndexEntryStays
keys          laws::                            NegativesLast NulUnescaped
keys          prefixes::                        PrefixEndsEarly
lib           blocks_of_equal_length            OffsetUnchecked
lib           every_flipped_bit_of_current      CurrentUnchecked
lib           table_under_another_number        FileNumberUnchecked
lib           wal::tests::damage::damage_is     RotTakenForTornEnd
lib           wal::tests::failing::group        RefusedWriteStays
lib           wal::tests::writing::ticket       OldSyncCounts
migrations    rewriting::                       UpgradeUnversioned
model         clock_that_runs_back              ClockRunsBack
model         conditions::                      LostNumberPassed
model         engine_answers                    RangeDeleteCutShort
model         expired_newest_version_never      ExpiredGivesWay ExpiryOneLate
model         numbers_added                     GuardDropped GuardInMidGroup
model         over_short                        SnapshotOneAhead ReplayOneShort
model         over_short                        TombstoneGoesAboveSnapshot RangeDeleteStopsShort
model         over_short                        SnapshotNotAsked FilterLacksKeys SeekOneLate
model         over_short                        BackwardSkipsBlocks OldestTableFirst
model         over_short                        OldestTableLeftOut BlockInWrongSlot
process       locks::                           LockSkipped
repair        damage_around_the_blocks          RepairDropsTable
tombstones    flush_keeps                       TombstoneGoesTooHigh
watch         bounds::                          MissedUntold
";

/// The lines of the table.
fn suspects() -> impl Iterator<Item = (Try, Vec<&'static str>)> {
    SUSPECTS.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (program, filter) = (words.next()?, words.next()?);
        let filter = if filter == "*" { "" } else { filter };
        Some((Try { program, filter }, words.collect()))
    })
}

/// What is run first for the mistake of this name.
pub(super) fn of(name: &str) -> Vec<Try> {
    let own = suspects().filter(|(_, mistakes)| mistakes.contains(&name));
    own.map(|(it, _)| it).collect()
}

/// An error where one is named that there is not.
pub(super) fn check(all: &[Mistake]) -> Result<(), String> {
    let known = |name: &&str| all.iter().any(|mistake| mistake.name == **name);
    match suspects()
        .flat_map(|(_, mistakes)| mistakes)
        .find(|name| !known(name))
    {
        None => Ok(()),
        Some(name) => Err(format!("{name} is no mistake of src/planted.rs")),
    }
}
