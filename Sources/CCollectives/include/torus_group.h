/// Process groups, their collectives as pollable state machines, messages and shared buffers.
///
/// None of these calls blocks, except where it is said, and none may run concurrently with another
/// on the same rank: the caller holds one lock around all of them.
#pragma once

#include "torus_collective.h"
#include "torus_flight.h"
#include "torus_parts.h"
#include "torus_process.h"

/// The highest tag of users' messages; those above are the library's own and are not recorded.
#define TORUS_USER_TAGS 32000

typedef struct torus_group torus_group;
typedef struct torus_message torus_message;

/// A group over all ranks of `transport`, which it takes over. Blocks until all ranks called it.
/// `share_memory` lets ranks of one node use a shared window; `oversubscribed` says that waiting
/// ranks should give up the processor at once; `records` operations are kept in the recorder.
torus_group *torus_group_create(
  torus_transport *transport, int share_memory, int oversubscribed, int records);

/// A group of some ranks of `parent`, in the order of `ranks`. Blocks until all members called it;
/// others do not call. `key` is the same on all members and differs between groups of one parent.
torus_group *torus_group_subgroup(torus_group *parent, const int *ranks, int count, int key);

/// Frees the group. Blocks until all members called it, unless `failed`, after which what MPI frees
/// together is left to the process's end.
void torus_group_close(torus_group *group, int failed);

/// Names the group in its records.
void torus_group_name(torus_group *group, const char *name);

/// The recorder of this rank, or of another one on its node where the group shares memory; null
/// where that cannot be reached. For groups made by `torus_group_create`.
torus_flight *torus_group_flight(const torus_group *group, int rank);

int torus_group_rank(const torus_group *group);
int torus_group_size(const torus_group *group);

/// Nodes that the group spans, and how many of its ranks live on this one.
int torus_group_node_count(const torus_group *group);
int torus_group_local_size(const torus_group *group);
int torus_group_local_index(const torus_group *group);
/// The node number of a rank.
int torus_group_node(const torus_group *group, int rank);

/// Whether the ranks of this node share memory.
int torus_group_shares_memory(const torus_group *group);

/// Names an operation in messages about it; all ranks must give it the same name.
void torus_label(torus_collective *call, const char *text, size_t length);

/// Lists a collective, or a message of a user's, that is issued and begins later, in the flight
/// recorder; returns its number there. See `torus_flight_schedule` for who may call it.
uint64_t torus_group_schedule(torus_group *group, const torus_collective *call);
uint64_t torus_message_schedule(torus_group *group, size_t bytes, int peer, int receive);

/// Starts a collective; the one before must be done. Returns as `torus_group_poll`.
int torus_group_start(torus_group *group, const torus_collective *call);

/// Advances the running collective: TORUS_PENDING, TORUS_DONE, or the error that ended it.
int torus_group_poll(torus_group *group);

/// Withdraws what is pending after a failure, so that nothing is written to buffers any more. The
/// group can only be closed then.
void torus_group_give_up(torus_group *group);

/// Polls until the collective is done or `microseconds` have passed, without sleeping.
int torus_group_spin(torus_group *group, uint64_t microseconds);

/// Whether the operation under way is a payload that was posted for all ranks, of which nothing else is
/// sent.
int torus_group_is_posted(const torus_group *group);

/// A number that rises whenever the collective makes headway; where it stands still, waiting ranks
/// should sleep.
uint64_t torus_group_activity(const torus_group *group);

/// Whether the collectives that begin from now on note their parts.
void torus_group_record(torus_group *group, int on);

/// The parts of the collective that ran last, as far as there was room for them, and in `agreed`
/// when every rank was known to have called it; 0 where that was not noted.
const torus_part *torus_group_parts(const torus_group *group, size_t *count, uint64_t *agreed);

/// The number of the collective that runs or ran last.
uint64_t torus_group_sequence(const torus_group *group);

/// After TORUS_MISMATCH: what this rank and another one called.
void torus_group_mismatch(
  const torus_group *group, torus_fingerprint *mine, torus_fingerprint *theirs);

/// The lowest rank known to be missing from the running collective, or -1 where that is unknown
/// or nobody is. With a non-null `missing` (one byte per rank) marks all of them.
int torus_group_missing(const torus_group *group, uint8_t *missing);

/// Words for the last transport error.
const char *torus_group_error(const torus_group *group);

/// Whether an all-reduce by `algorithm` can run here for this type and reduction.
int torus_group_supports(
  const torus_group *group, int32_t algorithm, int32_t dtype, int32_t reduction);

/// MPI's own all-reduce in place, without agreement or deadline. Blocks.
int torus_group_builtin_all_reduce(
  torus_group *group, void *buffer, uint64_t count, int32_t dtype, int32_t reduction);

/// Memory for buffers: one segment per rank of the node in a shared window where the group shares
/// memory, else plain memory. Zero filled, 64-byte aligned. Blocks until all ranks called it.
void *torus_buffer_create(torus_group *group, size_t bytes);

/// Frees it. Blocks until all ranks called it where the buffer is shared.
void torus_buffer_destroy(torus_group *group, void *buffer);

/// Whether `pointer` lies in a shared buffer of the group.
int torus_buffer_is_shared(const torus_group *group, const void *pointer);

/// Starts sending `bytes` to `peer`; the buffer is borrowed until done. Null without memory.
torus_message *torus_message_send(
  torus_group *group, const void *buffer, size_t bytes, int peer, int tag);

/// Starts receiving exactly `bytes` from `peer`, or from any rank where `peer` is -1 (then at most
/// 1 GiB). Null without memory.
torus_message *torus_message_receive(
  torus_group *group, void *buffer, size_t bytes, int peer, int tag);

/// TORUS_DONE where a message with that tag has come from any rank and nobody asked for it yet:
/// from whom, and its length. Else TORUS_PENDING.
int torus_message_probe(torus_group *group, int tag, int *source, uint64_t *bytes);

/// TORUS_PENDING, TORUS_DONE or an error; when done, `source` and `received` say what arrived.
int torus_message_poll(torus_message *message, int *source, uint64_t *received);

/// Frees the message, giving it up where it is pending.
void torus_message_free(torus_message *message);
