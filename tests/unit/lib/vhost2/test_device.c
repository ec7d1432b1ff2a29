/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/* device.c: what a device calls while it works, on a device that runs. */

#include "rig.h"

#include <sys/socket.h>

static void
the_driver_is_called_and_counted(void **state)
{
	struct rte_vhost2_vq *vq;

	(void)state;
	rig_run(2);
	vq = rig.recorder.vq[1];
	vq->nr_uncalled = 5;
	rte_vhost2_dev_call(rig.recorder.vdev, vq);
	rte_vhost2_dev_call(rig.recorder.vdev, vq);
	assert_int_equal(frontend_calls(&rig.fe, 1), 2);
	assert_int_equal(frontend_calls(&rig.fe, 0), 0);
	assert_int_equal(vq->calls, 2);
	assert_int_equal(vq->nr_uncalled, 0);
	assert_int_equal(frontend_do_ring_fd(&rig.fe, VHOST_USER_SET_VRING_CALL, 1, -1), 0);
	rte_vhost2_dev_call(rig.recorder.vdev, vq);
	assert_int_equal(vq->calls, 2);
	/* A new descriptor is signalled once: what the old one was told may have been lost. */
	assert_int_equal(frontend_do_ring_fd(&rig.fe, VHOST_USER_SET_VRING_CALL, 1, rig.fe.call[3]), 0);
	assert_int_equal(frontend_calls(&rig.fe, 3), 1);
}

static void
a_broken_queue_is_counted_once_and_told_to_both_sides(void **state)
{
	eventfd_t count = 0;
	uint32_t base;
	const int err = eventfd(0, EFD_NONBLOCK);

	(void)state;
	rig_run(1);
	assert_int_equal(frontend_do_ring_fd(&rig.fe, VHOST_USER_SET_VRING_ERR, 0, err), 0);
	rte_vhost2_vq_break(rig.recorder.vdev, rig.recorder.vq[0], RTE_VHOST2_ERR_INDEX);
	rte_vhost2_vq_break(rig.recorder.vdev, rig.recorder.vq[0], RTE_VHOST2_ERR_INDEX);
	rte_vhost2_vq_break(rig.recorder.vdev, rig.recorder.vq[0], RTE_VHOST2_ERR_COUNT);
	settle();
	assert_true(rig.recorder.vq[0]->broken);
	assert_int_equal(rig_errors(RTE_VHOST2_ERR_INDEX), 1);
	assert_int_equal(rig.recorder.errors[RTE_VHOST2_ERR_INDEX], 1);
	assert_int_equal(eventfd_read(err, &count), 0);
	close(err);
	/* Started anew, it is whole. */
	assert_int_equal(frontend_get_base(&rig.fe, 0, &base), 0);
	assert_int_equal(frontend_do_ring_fd(&rig.fe, VHOST_USER_SET_VRING_KICK, 0, rig.fe.kick[0]), 0);
	assert_false(rig.recorder.vq[0]->broken);
}

static void
iovas_are_translated_within_a_region(void **state)
{
	uint64_t len = 100;
	uint8_t *at;

	(void)state;
	rig_run(1);
	at = rte_vhost2_iova_to_vva(rig.recorder.vdev, rig.recorder.vq[0], FRONTEND_GPA + 64, &len, VHOST_ACCESS_RO);
	rig.fe.memory[64] = 0x5a;
	assert_int_equal(*at, 0x5a);
	assert_int_equal(len, 100);
	assert_non_null(rte_vhost2_iova_to_vva(rig.recorder.vdev, rig.recorder.vq[0],
		FRONTEND_GPA + FRONTEND_MEMORY - 10, &len, VHOST_ACCESS_RO));
	assert_int_equal(len, 10);
	assert_null(rte_vhost2_iova_to_vva(rig.recorder.vdev, rig.recorder.vq[0], FRONTEND_GPA - 1, &len, 1));
	assert_int_equal(len, 0);
	assert_false(rte_vhost2_iova_is_pending(rig.recorder.vdev, rig.recorder.vq[0], FRONTEND_GPA - 1));
}

static int
start_logging(int file, uint64_t ring_log)
{
	const struct vhost_user_log log = { 4096, 0 };
	struct vhost_user_message reply;
	int rc = frontend_send(&rig.fe, VHOST_USER_SET_LOG_BASE, 0, &log, sizeof(log), &file, 1);

	if (rc == 0)
		rc = frontend_receive(&rig.fe, &reply);
	if (rc == 0)
		rc = frontend_do_u64(&rig.fe, VHOST_USER_SET_FEATURES, rig.fe.features | BIT(VHOST_F_LOG_ALL));
	return rc == 0 ? frontend_tell_addr(&rig.fe, 0, 1, ring_log) : rc;
}

static void
writes_are_logged_from_the_answer_to_log_all_on(void **state)
{
	const int file = memfd_create("log", MFD_CLOEXEC);
	const uint64_t protocol = BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK) | BIT(VHOST_USER_PROTOCOL_F_LOG_SHMFD);
	uint8_t bits[4096];

	(void)state;
	assert_int_equal(ftruncate(file, 4096), 0);
	rig_run(1);
	assert_int_equal(frontend_do_u64(&rig.fe, VHOST_USER_SET_PROTOCOL_FEATURES, protocol), 0);
	rte_vhost2_log_write(rig.recorder.vdev, rig.recorder.vq[0], 4096, 1);
	recorder_clear(&rig.recorder);
	assert_int_equal(start_logging(file, 9 * 4096), 0);
	/* Stopped for the log, for the feature, and for the flag of the ring. */
	assert_string_equal(rig.recorder.log, "stop0 start0 stop0 features start0 stop0 start0");
	assert_true(rig.recorder.vdev->logging);
	rte_vhost2_log_write(rig.recorder.vdev, rig.recorder.vq[0], 3 * 4096, 4097);
	rte_vhost2_log_ring(rig.recorder.vdev, rig.recorder.vq[0], 4, 8);
	assert_int_equal(pread(file, bits, sizeof(bits), 0), 4096);
	assert_int_equal(bits[0], 1 << 3 | 1 << 4);
	assert_int_equal(bits[1], 1 << 1);
	rte_vhost2_log_write(rig.recorder.vdev, rig.recorder.vq[0], FRONTEND_GPA, 1);
	assert_int_equal(frontend_do_u64(&rig.fe, VHOST_USER_SET_FEATURES, rig.fe.features), 0);
	assert_null(rig.recorder.vq[0]->log);
	close(file);
}

static void
behind_an_iommu_missing_translations_are_asked_for(void **state)
{
	const uint64_t iova = UINT64_C(0x1234000);
	struct vhost_user_iotlb update = { FRONTEND_USER, FRONTEND_MEMORY, FRONTEND_USER, 3, VHOST_USER_IOTLB_UPDATE,
		{ 0 } };
	struct vhost_user_message message;
	struct frontend requests = { .fd = -1, .drive = drive, .timeout_ms = 3000 };
	uint64_t len = 64;
	int sockets[2];

	(void)state;
	rig_register(RTE_VHOST2_IOMMU);
	assert_int_equal(frontend_connect(&rig.fe, rig.path), 0);
	assert_int_equal(frontend_negotiate(&rig.fe, BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_F_ACCESS_PLATFORM) |
		BIT(VHOST_USER_F_PROTOCOL_FEATURES),
		BIT(VHOST_USER_PROTOCOL_F_REPLY_ACK) | BIT(VHOST_USER_PROTOCOL_F_BACKEND_REQ)), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	assert_int_equal(frontend_do(&rig.fe, VHOST_USER_SET_BACKEND_REQ_FD, NULL, 0, &sockets[1], 1), 0);
	close(sockets[1]);
	frontend_take(&requests, sockets[0]);
	assert_int_equal(frontend_share(&rig.fe), 0);
	assert_int_equal(frontend_start_ring(&rig.fe, 0, 64), 0);
	/* The ring waits for a translation of its own addresses, and is asked for it. */
	assert_int_equal(frontend_receive(&requests, &message), 0);
	assert_int_equal(message.payload.iotlb.type, VHOST_USER_IOTLB_MISS);
	assert_int_equal(message.payload.iotlb.iova, FRONTEND_USER);
	assert_true(recorder_ends_with(&rig.recorder, "init"));
	assert_int_equal(frontend_do(&rig.fe, VHOST_USER_IOTLB_MSG, &update, sizeof(update), NULL, 0), 0);
	assert_true(recorder_ends_with(&rig.recorder, "init start0"));

	assert_null(rte_vhost2_iova_to_vva(rig.recorder.vdev, rig.recorder.vq[0], iova, &len, VHOST_ACCESS_WO));
	assert_true(rte_vhost2_iova_is_pending(rig.recorder.vdev, rig.recorder.vq[0], iova));
	assert_int_equal(frontend_receive(&requests, &message), 0);
	assert_int_equal(message.header.flags, VHOST_USER_FLAG_VERSION);
	assert_int_equal(message.payload.iotlb.iova, iova);
	assert_int_equal(message.payload.iotlb.permissions, VHOST_ACCESS_WO);
	update = (struct vhost_user_iotlb){ iova, 4096, FRONTEND_USER + FRONTEND_BUFFERS, VHOST_ACCESS_RO,
		VHOST_USER_IOTLB_UPDATE, { 0 } };
	assert_int_equal(frontend_do(&rig.fe, VHOST_USER_IOTLB_MSG, &update, sizeof(update), NULL, 0), 0);
	len = 8192;
	assert_non_null(rte_vhost2_iova_to_vva(rig.recorder.vdev, rig.recorder.vq[0], iova, &len, VHOST_ACCESS_RO));
	assert_int_equal(len, 4096);
	assert_null(rte_vhost2_iova_to_vva(rig.recorder.vdev, rig.recorder.vq[0], iova, &len, VHOST_ACCESS_WO));
	assert_false(rte_vhost2_iova_is_pending(rig.recorder.vdev, rig.recorder.vq[0], iova));
	/* What was in use is taken away only while no ring runs; what was not, costs nothing. */
	recorder_clear(&rig.recorder);
	update.type = VHOST_USER_IOTLB_INVALIDATE;
	assert_int_equal(frontend_do(&rig.fe, VHOST_USER_IOTLB_MSG, &update, sizeof(update), NULL, 0), 0);
	assert_string_equal(rig.recorder.log, "stop0 start0");
	assert_int_equal(frontend_do(&rig.fe, VHOST_USER_IOTLB_MSG, &update, sizeof(update), NULL, 0), 0);
	assert_string_equal(rig.recorder.log, "stop0 start0");
	frontend_close(&requests);
}

static void
memory_that_is_cut_ends_the_device_only(void **state)
{
	struct frontend second;
	volatile uint8_t *at;
	uint64_t len = 1;

	(void)state;
	rig_run(1);
	at = rte_vhost2_iova_to_vva(rig.recorder.vdev, rig.recorder.vq[0], FRONTEND_GPA + 3000000, &len, 3);
	assert_int_equal(ftruncate(rig.fe.memory_fd, 4096), 0);
	*at = 1;
	settle();
	assert_true(frontend_is_closed(&rig.fe));
	assert_int_equal(rig_errors(RTE_VHOST2_ERR_FAULT), 1);
	assert_int_equal(rig.recorder.errors[RTE_VHOST2_ERR_FAULT], 1);
	frontend_init(&second);
	second.drive = drive;
	assert_int_equal(frontend_connect(&second, rig.path), 0);
	assert_int_equal(frontend_run(&second, 2, 64, 0), 0);
	frontend_fini(&second);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIGGED(the_driver_is_called_and_counted),
		RIGGED(a_broken_queue_is_counted_once_and_told_to_both_sides),
		RIGGED(iovas_are_translated_within_a_region),
		RIGGED(writes_are_logged_from_the_answer_to_log_all_on),
		RIGGED(behind_an_iommu_missing_translations_are_asked_for),
		RIGGED(memory_that_is_cut_ends_the_device_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
