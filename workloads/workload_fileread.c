/* fileread: IO-bound tasks. A task reads one block of a file and adds up its words, so that what
 * was read is known to be right. The page cache is warm, or dropped before each trial. */
#include "base/error.h"
#include "support/reopen.h"
#include "support/work_file.h"

#include <mpbench/workload.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCKS, BLOCK, CACHE, FILE_SIZE };
enum { CACHE_WARM, CACHE_DROPPED };

static const struct mpb_option params[] = {
        [BLOCKS] = {.name = "blocks",
                    .summary = "blocks that the whole team reads",
                    .type = MPB_INT,
                    .allows_auto = 1,
                    .is_list = 1,
                    .fallback = "auto",
                    .unit = "blocks",
                    .min = 1,
                    .max = 1000000000},
        [BLOCK] = {.name = "block",
                   .summary = "size of a block, a multiple of 8",
                   .type = MPB_SIZE,
                   .is_list = 1,
                   .fallback = "64K",
                   .unit = "bytes",
                   .min = 8,
                   .max = 1 << 30},
        [CACHE] = {.name = "cache",
                   .summary = "page cache before a trial: warm, or dropped",
                   .type = MPB_CHOICE,
                   .is_list = 1,
                   .fallback = "warm",
                   .choices = (const char *const[]){"warm", "dropped", NULL}},
        [FILE_SIZE] = {.name = "file_size",
                       .summary = "largest file to make, in $TMPDIR or /var/tmp; warm blocks are "
                                  "read again beyond it",
                       .type = MPB_SIZE,
                       .fallback = "256M",
                       .unit = "bytes",
                       .min = 1 << 20,
                       .max = (int64_t)1 << 40},
        {0},
};

struct fileread_slot {
        _Alignas(MPB_CACHE_LINE) uint64_t sum; /* of all words that this worker read */
        uint64_t failed_block;
        int32_t code; /* why failed_block could not be read; 0: all were */
};

/* A worker's own: its file and its buffer. */
struct fileread_local {
        int fd;
        void *buffer;
};

static uint64_t block_bytes(const struct mpb_trial *trial)
{
        return (uint64_t)trial->value[BLOCK];
}

/* Blocks in the file: as many as are read, or as file_size allows. */
static uint64_t file_blocks(const struct mpb_trial *trial)
{
        uint64_t room = (uint64_t)trial->value[FILE_SIZE] / block_bytes(trial);

        return trial->ops < room ? trial->ops : room;
}

static int check(const struct mpb_trial *trial, struct mproc_err *err)
{
        uint64_t block = block_bytes(trial);

        if (block % sizeof(uint64_t))
                return error_set(err, -EINVAL, "check",
                                 "block is %ju bytes, but must be a multiple of 8",
                                 (uintmax_t)block);
        if ((int64_t)block > trial->value[FILE_SIZE])
                return error_set(err, -EINVAL, "check",
                                 "block (%ju bytes) must not be larger than file_size (%jd)",
                                 (uintmax_t)block, (intmax_t)trial->value[FILE_SIZE]);
        if (trial->value[CACHE] == CACHE_DROPPED && trial->ops > file_blocks(trial))
                return error_set(err, -EOPNOTSUPP, "check",
                                 "%ju blocks of %ju bytes exceed file_size (%jd), and a dropped "
                                 "block is cold only once; a larger file_size is needed",
                                 (uintmax_t)trial->ops, (uintmax_t)block,
                                 (intmax_t)trial->value[FILE_SIZE]);
        return 0;
}

static void sizes(const struct mpb_trial *trial, size_t *shared_bytes, size_t *slot_bytes)
{
        (void)trial;
        *shared_bytes = 0;
        *slot_bytes = sizeof(struct fileread_slot);
}

static int prepare(struct mpb_trial *trial, struct mproc_err *err)
{
        uint64_t bytes = file_blocks(trial) * block_bytes(trial);
        int code = check(trial, err);

        if (!code)
                code = work_file_open(bytes, &trial->fd, err);
        if (code)
                return code;
        return trial->value[CACHE] == CACHE_DROPPED ? work_file_drop(bytes, err)
                                                    : work_file_warm(bytes, err);
}

static int attach(struct mpb_worker *worker, struct mproc_err *err)
{
        size_t page = (size_t)sysconf(_SC_PAGESIZE), size = block_bytes(worker->trial);
        struct fileread_slot *slot = worker->slot;
        struct fileread_local *local = calloc(1, sizeof(*local));

        *slot = (struct fileread_slot){0};
        if (!local)
                return error_errno(err, -ENOMEM, "attach", "no memory for a worker of fileread");
        worker->local = local;
        local->fd = reopen(worker->fd, O_RDONLY, err);
        if (local->fd < 0)
                return local->fd;
        local->buffer = aligned_alloc(page, (size + page - 1) / page * page);
        if (!local->buffer)
                return error_errno(err, -ENOMEM, "attach", "no memory for a block of %zu bytes",
                                   size);
        memset(local->buffer, 0, size); /* touched before the gate */
        return 0;
}

/* Adds up one block; a negative errno when it cannot be read whole. */
static int read_block(int fd, void *buffer, uint64_t offset, size_t size, uint64_t *sum)
{
        const uint64_t *words = buffer;

        for (size_t done = 0; done < size;) {
                ssize_t got = pread(fd, (char *)buffer + done, size - done, (off_t)(offset + done));

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return got < 0 ? -errno : -ENODATA;
                done += (size_t)got;
        }
        for (size_t i = 0; i < size / sizeof(*words); i++)
                *sum += words[i];
        return 0;
}

static void work(struct mpb_worker *worker, uint64_t first, uint64_t count)
{
        const struct mpb_trial *trial = worker->trial;
        struct fileread_slot *slot = worker->slot;
        struct fileread_local *local = worker->local;
        uint64_t size = block_bytes(trial), blocks = file_blocks(trial), sum = 0;

        for (uint64_t i = first; i < first + count && !slot->code; i++) {
                slot->code = read_block(local->fd, local->buffer, i % blocks * size, size, &sum);
                slot->failed_block = i;
        }
        slot->sum += sum;
}

static void detach(struct mpb_worker *worker)
{
        struct fileread_local *local = worker->local;

        if (!local)
                return;
        if (local->fd >= 0)
                close(local->fd);
        free(local->buffer);
        free(local);
        worker->local = NULL;
}

static int verify(const struct mpb_trial *trial, struct mpb_outcome *ret, struct mproc_err *err)
{
        uint64_t blocks = file_blocks(trial), size = block_bytes(trial), sum = 0;

        for (uint32_t i = 0; i < trial->workers; i++) {
                const struct fileread_slot *slot = mpb_slot(trial, i);

                if (slot->code)
                        return error_errno(err, slot->code, "read",
                                           "worker %u cannot read block %ju", i,
                                           (uintmax_t)slot->failed_block);
                sum += slot->sum;
        }
        ret->final_value = sum;
        ret->expected_value = trial->ops / blocks * work_file_sum(blocks * size) +
                              work_file_sum(trial->ops % blocks * size);
        return 0;
}

const struct mpb_workload workload_fileread = {
        .name = "fileread",
        .summary = "IO-bound tasks: blocks of a file, page cache warm or dropped",
        .abi = MPB_ABI,
        .kind = MPB_TASKS,
        .operation = "blocks",
        .params = params,
        .ops_param = "blocks",
        .bytes = block_bytes,
        .check = check,
        .sizes = sizes,
        .prepare = prepare,
        .attach = attach,
        .work = work,
        .detach = detach,
        .verify = verify,
};
