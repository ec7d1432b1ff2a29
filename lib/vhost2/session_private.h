/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

#ifndef VHOST2_SESSION_PRIVATE_H
#define VHOST2_SESSION_PRIVATE_H

/* What the files of a session have from each other, and nobody else. */

#include "vhost2/session.h"

/**
 * Call the device. If that is completed at once, its consequences are drawn.
 *
 * @return true: something was done
 */
bool session_call_device(struct session *session, enum session_callback callback, struct queue *queue);

/** loop_task.run of session.completion. */
void session_run_completion(struct loop_task *task);

/** These are the negotiated features now. */
void session_set_negotiated(struct session *session, uint64_t features);

/** A ring cannot run: it stays as it is until the front-end changes something. */
void session_refuse_queue(struct session *session, struct queue *queue, enum rte_vhost2_error error, int rc,
	const char *why);

/** The device is to be told of an error; @p due: some error_due. */
void session_note(struct session *session, int *due, enum rte_vhost2_error error);

#endif /* VHOST2_SESSION_PRIVATE_H */
