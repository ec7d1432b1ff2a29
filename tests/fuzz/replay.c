/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The net_virtio_user authors
 */

/*
 * A target without libFuzzer: run each file of its directory of seeds once, one TAP point for all.
 * Every build does this, so that what was once found stays found, and a target that rots is seen.
 * The last name on stderr is the seed that did it.
 */

#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

/* An input in memory of exactly its size, so that a sanitizer sees who reads on. */
static void
run_file(const char *path)
{
	FILE *const file = fopen(path, "rb");
	struct stat st;
	uint8_t *data;
	size_t size;

	FUZZ_CHECK(file != NULL && fstat(fileno(file), &st) == 0);
	size = (size_t)st.st_size;
	data = malloc(size == 0 ? 1 : size);
	FUZZ_CHECK(data != NULL && fread(data, 1, size, file) == size);
	fclose(file);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

static int
is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int
main(int argc, char **argv)
{
	struct dirent **entries;
	char folder[2048], path[4096];
	int nr, i;

	FUZZ_CHECK(argc == 3);
	LLVMFuzzerInitialize(&argc, &argv);
	snprintf(folder, sizeof(folder), "%s/%s", argv[1], argv[2]);
	nr = scandir(folder, &entries, is_input, alphasort);
	FUZZ_CHECK(nr > 0);
	printf("1..1\n");
	for (i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		fprintf(stderr, "%s\n", entries[i]->d_name);
		run_file(path);
		free(entries[i]);
	}
	free(entries);
	printf("ok 1 - %d seeds do no harm\n", nr);
	return 0;
}
