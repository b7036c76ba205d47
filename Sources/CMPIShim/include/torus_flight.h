/// The flight recorder: a rank's last operations, and where its training is.
///
/// Each rank has one, whatever groups it works in. It lies in memory that the ranks of a node share
/// where they share any, so that what a rank did last can be read when that rank is stopped or dead.
/// `torus_flight_begin` and `torus_flight_end` are the one place where operations are recorded: at
/// the start and the end of every collective and message.
#pragma once

#include "torus_types.h"

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

/// One operation.
typedef struct torus_flight_record {
  /// From 1, rising; written last.
  uint64_t number;
  /// The operation's number in its group; 0 for messages.
  uint64_t sequence;
  uint64_t count;
  /// Nanoseconds of the monotonic clock; `ended` is 0 while the operation is under way.
  uint64_t begun, ended;
  int32_t kind, dtype, reduction;
  /// The root, or a message's peer.
  int32_t root;
  int32_t algorithm;
  /// TORUS_PENDING, TORUS_DONE or the error that ended it.
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
/// returns its number. One thread at a time.
uint64_t torus_flight_begin(torus_flight *flight, const torus_flight_record *record);

/// Records the end of the operation of that number, unless newer ones took its place.
void torus_flight_end(torus_flight *flight, uint64_t number, int32_t status);

/// The number of the newest record, 0 where there is none, and how many are kept.
uint64_t torus_flight_newest(const torus_flight *flight);
int torus_flight_records(const torus_flight *flight);

/// Copies the record of that number; 0 where it is gone or being written. From any process.
int torus_flight_read(const torus_flight *flight, uint64_t number, torus_flight_record *record);

/// `pending`, `done`, `mismatch` or `failed`.
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

/// Nanoseconds of the monotonic clock, as in records.
uint64_t torus_clock(void);
