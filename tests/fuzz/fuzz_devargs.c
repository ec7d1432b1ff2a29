/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * Target: drivers/net/virtio/devargs.c. The input is the text behind a --vdev's name, as the user
 * or a management program wrote it. Text has few sizes that matter and many words, so libFuzzer's
 * own mutations with a dictionary of keys and values do here. Beyond the sanitizers: what is
 * accepted lies within the ranges that the table promises, has no unterminated string, and written
 * out and parsed again gives the same configuration.
 */

#include <errno.h>

#include <rte_ether.h>

#include "devargs.h"
#include "fuzz.h"

static void
check_ranges(const struct port_config *config)
{
	const size_t len = strnlen(config->path, sizeof(config->path));

	FUZZ_CHECK(len > 0 && len <= DEVARGS_PATH_MAX);
	FUZZ_CHECK(strchr(config->path, ',') == NULL);
	FUZZ_CHECK(!rte_is_multicast_ether_addr((const struct rte_ether_addr *)config->mac));
	FUZZ_CHECK(config->queues >= 1 && config->queues <= DEVARGS_PAIRS_MAX);
	FUZZ_CHECK(config->queue_size >= DEVARGS_RING_MIN && config->queue_size <= DEVARGS_RING_MAX);
	FUZZ_CHECK(config->deadline >= DEVARGS_DEADLINE_MIN && config->deadline <= DEVARGS_DEADLINE_MAX);
	FUZZ_CHECK(config->server <= 1 && config->mrg_rxbuf <= 1 && config->in_order <= 1 && config->packed_vq <= 1);
	FUZZ_CHECK(config->cq <= 1 && config->vectorized <= DEVARGS_VECTORIZED_AUTO);
	FUZZ_CHECK(config->persist <= 1 && config->sndbuf <= DEVARGS_SNDBUF_MAX);
	FUZZ_CHECK(strlen(config->iface) < IFNAMSIZ && strpbrk(config->iface, "/: ,") == NULL);
	FUZZ_CHECK(strlen(config->netns) <= DEVARGS_PATH_MAX && strchr(config->netns, ',') == NULL);
}

/* A bracket takes what follows for its own, so such a value can only come last. */
static bool
is_open_ended(const char *value)
{
	const char *const open = strrchr(value, '[');
	const char *const close = strrchr(value, ']');

	return open != NULL && (close == NULL || close < open);
}

/* The texts that are given, of those that may or may not be followed by others. @return bytes. */
static int
text_print(char *to, size_t room, const struct port_config *config, bool open_ended)
{
	const struct {
		const char *key;
		const char *value;
	} texts[] = {{"path", config->path}, {"iface", config->iface}, {"netns", config->netns}};
	int used = 0;
	size_t i;

	for (i = 0; i < RTE_DIM(texts); i++) {
		if (texts[i].value[0] == '\0' || is_open_ended(texts[i].value) != open_ended)
			continue;
		used += snprintf(to + used, room - used, ",%s=%s", texts[i].key, texts[i].value);
	}
	return used;
}

static void
check_parses_back(const struct port_config *config)
{
	const bool has_mac = !rte_is_zero_ether_addr((const struct rte_ether_addr *)config->mac);
	static const char *const vectorized[] = {"0", "1", "auto"};
	const uint8_t *const mac = config->mac;
	struct port_config again;
	char text[1024];
	int used;

	used = snprintf(text, sizeof(text), "queues=%u,queue_size=%u,server=%u,mrg_rxbuf=%u,in_order=%u,packed_vq=%u,cq=%u,"
		"vectorized=%s,deadline=%u,persist=%u,sndbuf=%u",
		config->queues, config->queue_size, config->server, config->mrg_rxbuf, config->in_order,
		config->packed_vq, config->cq, vectorized[config->vectorized], config->deadline, config->persist,
		config->sndbuf);
	if (config->speed != UINT32_MAX)
		used += snprintf(text + used, sizeof(text) - used, ",speed=%u", config->speed);
	if (has_mac)
		used += snprintf(text + used, sizeof(text) - used,
			",mac=%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	used += text_print(text + used, sizeof(text) - used, config, false);
	text_print(text + used, sizeof(text) - used, config, true);
	FUZZ_CHECK(devargs_parse("fuzz1", text, &again) == 0);
	FUZZ_CHECK(memcmp(config, &again, sizeof(again)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *const args = malloc(size + 1);
	struct port_config config;
	int rc;

	FUZZ_CHECK(args != NULL);
	if (size > 0)
		memcpy(args, data, size);
	args[size] = '\0';
	memset(&config, 0xa5, sizeof(config));
	rc = devargs_parse("fuzz0", args, &config);
	FUZZ_CHECK(rc == 0 || rc == -EINVAL);
	if (rc == 0) {
		check_ranges(&config);
		check_parses_back(&config);
	}
	free(args);
	return 0;
}
