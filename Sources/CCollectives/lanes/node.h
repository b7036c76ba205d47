/// What the ranks of one node share: a desk each, on which they post what they call, small payloads,
/// how far they are, and staging memory for buffers that are not shared themselves.
#pragma once

#include "lane.h"

/// Payloads up to this size are posted and read by everyone at once.
#define TORUS_INLINE_BYTES ((size_t)8 << 10)

/// Staging memory per lane: what is copied in, reduced and copied out at a time.
#define TORUS_STAGE_BYTES ((size_t)1 << 20)

/// What a rank calls. `arrived` is written last.
typedef struct torus_post {
  _Alignas(128) _Atomic uint64_t arrived;
  /// Hash of the fingerprint without its rank.
  uint64_t digest;
  /// Number of the shared buffer + 1 in the upper 16 bits, offset in it below; 0 for other memory.
  uint64_t location;
  _Alignas(64) char payload[TORUS_INLINE_BYTES];
  torus_fingerprint fingerprint;
} torus_post;

typedef struct torus_phase {
  _Alignas(128) _Atomic uint64_t reached;
} torus_phase;

/// How much of one slice of the running operation is taken and done, for work that any rank may do.
/// The operation's sequence number is in the upper halves, so that none has to be set back.
typedef struct torus_share {
  _Alignas(128) _Atomic uint64_t taken;
  _Alignas(128) _Atomic uint64_t done;
} torus_share;

typedef struct torus_desk {
  /// By parity of the sequence number: a rank is never two operations ahead, since an operation
  /// ends only when every local rank has posted it.
  torus_post posts[2];
  torus_phase phases[TORUS_LANES];
  torus_share share;
  _Alignas(4096) char stage[TORUS_LANES][TORUS_STAGE_BYTES];
} torus_desk;

/// Opens the desks, with `before` bytes before each (a multiple of 4096, zero at first).
void torus_node_open(torus_team *team, size_t before);
void torus_node_close(torus_team *team);

/// This rank's and another local rank's post for the running operation.
static inline torus_post *torus_node_post(const torus_op *op, int local) {
  return &op->team->desks[local]->posts[op->mine.sequence & 1];
}

/// Says that this rank has finished one more phase of the lane, and returns its number.
uint64_t torus_node_advance(torus_team *team, int lane);

/// Whether every local rank has finished that phase.
bool torus_node_reached(const torus_team *team, int lane, uint64_t phase);

/// Takes the next of the `pieces` of local rank `local`'s slice; false where all are taken. Only
/// once every local rank is known to run the operation.
bool torus_node_take(const torus_op *op, int local, uint32_t pieces, uint32_t *piece);

/// Says that a piece that was taken is done, and whether all `pieces` are.
void torus_node_done(const torus_op *op, int local);
bool torus_node_all_done(const torus_op *op, int local, uint32_t pieces);

/// The location of `pointer` for a post.
uint64_t torus_node_location(const torus_team *team, const void *pointer);

/// The memory of local rank `local` at a location.
void *torus_node_at(const torus_team *team, uint64_t location, int local);
