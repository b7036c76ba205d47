/// What algorithms build on: who takes part, the operation that runs, and its lanes, which send, receive and
/// advance segment by segment.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "torus_clock.h"
#include "torus_collective.h"
#include "torus_combine.h"
#include "torus_parts.h"
#include "torus_transport.h"

/// Segments of one operation that are under way at the same time.
#define TORUS_LANES 4

/// What an algorithm's `advance` returns besides errors.
enum {
  /// Call again once every message that was posted on the lane has completed.
  TORUS_WAIT = 10,
  /// Call again at the next poll: another rank has not come so far.
  TORUS_AGAIN,
  /// This segment is done.
  TORUS_FINISHED
};

/// Parts of one collective that are noted; further ones are not.
#define TORUS_RECORDED_PARTS 512

typedef struct torus_op torus_op;
typedef struct torus_team torus_team;

/// One segment under way. Lane i works on segments i, i + lanes, i + 2·lanes, …, so that every rank
/// has the same segment in the same lane.
typedef struct torus_lane {
  int index;
  bool finished;
  uint64_t segment;
  int64_t step;
  torus_request *pending;
  size_t pending_count, pending_capacity;
  char *scratch;
  size_t scratch_bytes;
  /// When the part that runs began, where parts are noted.
  uint64_t began;
} torus_lane;

typedef int (*torus_advance)(torus_op *op, torus_lane *lane);

/// The collective that runs: what was asked, and its state.
struct torus_op {
  torus_team *team;
  torus_collective call;
  torus_fingerprint mine, theirs;
  /// Its number in the flight recorder.
  uint64_t record;
  size_t element;
  int status;
  /// Set by the first error within an algorithm; ends the operation.
  int failure;
  uint64_t failed_at;

  torus_advance advance;
  int lane_count, lanes_left;
  uint64_t segments;
  /// Elements per segment, of the buffer or of each chunk, as the algorithm reads it.
  size_t segment;
  torus_lane lanes[TORUS_LANES];

  /// Where rank r's chunk of the whole begins, in elements; size + 1 entries.
  uint64_t *starts;
  /// The same for what this rank sends in an all-to-all.
  uint64_t *send_starts;

  /// The tree of broadcast and reduce.
  int parent, child_count, children[64];

  bool guarded, ring_guarded, node_guarded;
  torus_request header[2];
  int header_pending;
  int local_seen;
  /// The payload travels in the shared posts, and nothing else is sent.
  bool inlined;
  /// All local ranks' buffers lie at the same place of the same shared window.
  bool direct;
  uint64_t location;
  uint64_t cursor;

  /// When every rank was known to call this, and the parts so far; see record.c.
  uint64_t agreed;
  size_t part_count;
};

struct torus_desk;

typedef struct torus_shared_buffer {
  torus_window window;
  char *start;
  bool used;
} torus_shared_buffer;

/// The ranks of a group, and what they share.
struct torus_team {
  torus_transport *transport;
  int rank, size;
  int node_count;
  bool share_memory;
  /// Where collectives note their parts; null until that was first asked for.
  torus_part *parts;
  bool recording;
  /// Rises whenever something moves.
  uint64_t activity;
  char error[256];

  /// The shared desks of the local ranks, by local index; null without shared memory.
  struct torus_desk **desks;
  /// What lies before the desks: the ranks' recorders; null in groups made of others.
  void **before_desks;
  torus_window desk_window;
  uint64_t phase[TORUS_LANES];
  /// Which of the stages of staged all-reduces comes next.
  uint64_t stages;
  /// Room for one pointer per rank.
  const void **inputs;
  void **outputs;
  /// Nodes in order of their lowest rank: the node's place by rank; where each node's ranks begin
  /// in `node_members`, which lists all ranks node by node; and the most ranks on one node.
  int *node_index, *node_start, *node_members, node_largest;

  torus_shared_buffer *buffers;
  int buffer_count;
};

/// Fills a team's rooms and lays its nodes out; false without memory.
bool torus_team_open(torus_team *team, torus_transport *transport, bool share_memory);
void torus_team_free(torus_team *team);

/// MPI's own all-reduce in place. Blocks.
int torus_team_builtin_all_reduce(
  torus_team *team, void *buffer, uint64_t count, int32_t dtype, int32_t reduction);

/// One way to all-reduce.
typedef struct torus_algorithm {
  /// Plans the operation, whose output holds this rank's elements.
  int (*plan)(torus_op *op);
  /// Whether it runs among these ranks for elements of this type; null where it always does.
  bool (*runs)(const torus_team *team, int32_t dtype);
} torus_algorithm;

/// Posts a message on the lane, in pieces where it is longer than the transport's; none where it
/// is empty. An error is kept in op->failure.
void torus_lane_send(torus_op *op, torus_lane *lane, const void *data, size_t bytes, int peer);
void torus_lane_receive(torus_op *op, torus_lane *lane, void *data, size_t bytes, int peer);

/// At least `bytes` of memory of the lane's own; its content lasts until the next call.
void *torus_lane_scratch(torus_op *op, torus_lane *lane, size_t bytes);

/// Ends the operation for a reason, unless it ends already.
void torus_op_fail(torus_op *op, int failure);

/// Whether all messages of the lane have completed.
bool torus_lane_settled(torus_op *op, torus_lane *lane);

/// Runs `advance` over `segments` segments.
void torus_op_plan(torus_op *op, torus_advance advance, uint64_t segments);

/// Sets starts to equal chunks of count (the first ones longer by one), or to the sums of `counts`.
int torus_op_chunks(torus_op *op, const uint64_t *counts, uint64_t each);
int torus_op_even_chunks(torus_op *op, uint64_t count);

/// The part of chunk `chunk` that segment `segment` covers.
typedef struct torus_range {
  size_t begin, count;
} torus_range;
torus_range torus_op_part(const torus_op *op, uint64_t segment, int chunk);

/// Plans the segments so that each covers about `call.segment_bytes` (or `otherwise`) of the
/// longest chunk.
void torus_op_segments(torus_op *op, torus_advance advance, size_t otherwise);

/// Address of an element.
static inline char *torus_at(const void *base, uint64_t element, size_t size) {
  return (char *)base + element * size;
}

/// A part begins on the lane: a note for a timeline. Nothing happens unless the group records.
void torus_part_begin(torus_op *op, torus_lane *lane);
/// The part that began on the lane ends.
void torus_part_end(torus_op *op, torus_lane *lane, int kind);
