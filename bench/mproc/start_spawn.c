#include "mproc/exec_self.h"
#include "mproc/lifeline.h"
#include "mproc/process.h"

#define SOURCES_MAX (2 + MPROC_SHM_MAX + MPROC_FDS_MAX)

static int start(struct mproc_process *process, const struct start_request *request,
                 struct mproc_err *err)
{
        const struct segment_list *segments = &request->segments;
        const struct mproc_process_options *options = request->options;
        int sources[SOURCES_MAX], numbers[SOURCES_MAX];
        char mark[EXEC_SELF_MARK_MAX];
        struct ctl *ctl = process->ctl;
        size_t count = 0;
        pid_t pid;
        int r;

        r = lifeline_lend(&process->lifeline_fd, err);
        if (r)
                return r;
        sources[count++] = process->ctl_fd;
        sources[count++] = process->lifeline_fd;
        for (size_t i = 0; i < segments->count; i++)
                sources[count++] = segment_fd(segments->at[i]);
        for (size_t i = 0; i < options->fd_count; i++)
                sources[count++] = options->fds[i];

        exec_self_assign(sources, numbers, count);
        ctl->lifeline_fd = numbers[1];
        for (size_t i = 0; i < segments->count; i++)
                ctl_segments(ctl)[i].fd = numbers[2 + i];
        for (size_t i = 0; i < options->fd_count; i++)
                ctl->fd[i] = numbers[2 + segments->count + i];

        exec_self_format_child(mark, numbers[0], process->ctl_size);
        r = exec_self_spawn(&pid, mark, sources, numbers, count, err);
        return r ? r : process_adopt(process, pid, err);
}

const struct mproc_start_method start_spawn = {
        .name = "spawn",
        .summary = "runs the program anew; nothing is inherited but what is handed over",
        .flags = MPROC_START_OWN_PROCESS | MPROC_START_CONCURRENT | MPROC_START_EXEC,
        .start = start,
        .reap = process_reap_child,
};
