/// The flight recorder: a rank's last operations, and where its training is.
///
/// Each rank has one, whatever groups it works in. It lies in memory that the ranks of a node share
/// where they share any, so that what a rank did last can be read when that rank is stopped or dead.
/// `torus_flight_begin` and `torus_flight_end` are the one place where operations are recorded: at
/// the start and the end of every collective and message. What is issued and has not begun lies in a
/// list beside them, so that however much is queued, what runs is never pushed out.
#pragma once

#include "torus_collective.h"

/// Bytes of a group's name that are kept.
#define TORUS_FLIGHT_GROUP_BYTES 40

/// What a rank is doing, besides its operations.
enum {
  TORUS_PHASE_NONE,
  TORUS_PHASE_START,
  TORUS_PHASE_DATA,
  TORUS_PHASE_FORWARD,
  TORUS_PHASE_BACKWARD,
  TORUS_PHASE_COLLECTIVE,
  TORUS_PHASE_OPTIMIZER,
  TORUS_PHASE_EVALUATION,
  TORUS_PHASE_CHECKPOINT,
  TORUS_PHASES
};

/// Messages are kinds of their own behind the collectives.
enum { TORUS_KIND_SEND = 100, TORUS_KIND_RECEIVE };

/// A record's status besides those of calls: it was issued and has not begun.
enum { TORUS_SCHEDULED = 2 };

/// What `torus_flight_schedule` returns where there was no room.
#define TORUS_FLIGHT_UNLISTED UINT64_MAX

/// One operation.
typedef struct torus_flight_record {
  /// From 1, rising; written last.
  uint64_t number;
  /// The operation's number in its group; 0 for messages.
  uint64_t sequence;
  uint64_t count;
  /// Nanoseconds of the monotonic clock; `begun` is 0 until the operation begins, `ended` while it
  /// is under way.
  uint64_t issued, begun, ended;
  int32_t kind, dtype, reduction;
  /// The root, or a message's peer.
  int32_t root;
  int32_t algorithm;
  /// TORUS_SCHEDULED, TORUS_PENDING, TORUS_DONE or the error that ended it.
  int32_t status;
  /// The training step, 0 where there is none.
  int32_t step;
  /// The rank in the group.
  int32_t rank;
  char group[TORUS_FLIGHT_GROUP_BYTES];
  char label[TORUS_LABEL_BYTES];
} torus_flight_record;

typedef struct torus_flight torus_flight;

/// Bytes of a recorder of that many records.
size_t torus_flight_bytes(int records);

/// Makes a recorder of memory that is zero.
void torus_flight_open(torus_flight *flight, int records);

/// Says in which training step and phase the rank is.
void torus_flight_mark(torus_flight *flight, int32_t step, int32_t phase);
int32_t torus_flight_step(const torus_flight *flight);
int32_t torus_flight_phase(const torus_flight *flight);

/// Records an operation's begin, all of `record` but its number, `begun` and `ended` being given;
/// returns its number. An `issued` of 0 stands for now. One thread at a time.
uint64_t torus_flight_begin(torus_flight *flight, const torus_flight_record *record);

/// Lists an operation that is issued and begins later, all of `record` being given but its number,
/// times and status; returns its number in the list. As many are listed as begun ones are kept;
/// further ones are only counted. One thread at a time, beside another that calls the two below.
uint64_t torus_flight_schedule(torus_flight *flight, const torus_flight_record *record);

/// Takes an operation that begins from the list; returns when it was issued, 0 where that is unknown.
uint64_t torus_flight_unschedule(torus_flight *flight, uint64_t number);

/// The operation will never begin: it stays listed until its place is needed.
void torus_flight_abandon(torus_flight *flight, uint64_t number);

/// Copies the next operation that is listed, in order of issue, after that of number `after`; 0 where
/// there is none. From any process.
uint64_t torus_flight_next(
  const torus_flight *flight, uint64_t after, torus_flight_record *record);

/// How many operations that have not begun are not listed.
uint64_t torus_flight_unlisted(const torus_flight *flight);

/// Records the end of the operation of that number, unless newer ones took its place.
void torus_flight_end(torus_flight *flight, uint64_t number, int32_t status);

/// The number of the newest record, 0 where there is none, and how many are kept.
uint64_t torus_flight_newest(const torus_flight *flight);
int torus_flight_records(const torus_flight *flight);

/// Copies the record of that number; 0 where it is gone or being written. From any process.
int torus_flight_read(const torus_flight *flight, uint64_t number, torus_flight_record *record);

/// `scheduled`, `pending`, `done`, `mismatch` or `failed`.
const char *torus_status_name(int32_t status);

/// Whose recorder is written down, and why.
typedef struct torus_flight_source {
  int rank, size;
  /// The rank that writes, which is another one where the owner cannot.
  int writer;
  const char *reason;
} torus_flight_source;

/// Writes a recorder as JSON. Safe in signal handlers. Returns 0, or errno.
int torus_flight_write(
  const torus_flight *flight, const torus_flight_source *source, const char *path);
