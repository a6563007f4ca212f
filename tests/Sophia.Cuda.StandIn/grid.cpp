#include "grid.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <random>
#include <thread>

namespace standin {

namespace {

/// Instructions of one warp before the next one's turn.
constexpr uint64_t Slice = 1 << 20;
constexpr uint64_t ShortSlice = 100;

/// 0: in order.
uint64_t seed() {
    const char* setting = std::getenv("STANDIN_CUDA_SEED");
    return setting == nullptr ? 0 : std::strtoull(setting, nullptr, 10);
}

/// Register files and shared memory of the blocks that one thread runs one after another.
class Runner {
public:
    Runner(const Launch& launch, const Space& space, uint64_t number)
        : tally(launch.function->code.size()), launch_(launch), space_(space), warps_((launch.block.volume() + Lanes - 1) / Lanes),
          file_bytes_((std::max<uint32_t>(launch.function->file_bytes, 64) + 63) / 64 * 64), files_(new (std::align_val_t(64)) uint8_t[file_bytes_ * warps_.size()]),
          shared_bytes_(launch.function->shared_bytes + launch.dynamic_shared), shared_(new (std::align_val_t(64)) uint8_t[shared_bytes_]),
          races_(shared_bytes_), order_(warps_.size()), random_(seed() + number) {
        std::iota(order_.begin(), order_.end(), 0);
        // Registers begin as anything.
        std::memset(files_.get(), 0xA5, file_bytes_ * warps_.size());
        for (size_t warp = 0; warp < warps_.size(); warp++) {
            for (const auto& constant : launch.function->constants) {
                for (int lane = 0; lane < Lanes; lane++) {
                    std::memcpy(files_.get() + warp * file_bytes_ + constant.slot + lane * constant.bytes, &constant.value, constant.bytes);
                }
            }
        }
    }

    void run(Dimensions index) {
        // And so does shared memory.
        std::memset(shared_.get(), 0xCD, shared_bytes_);
        races_.pass_barrier();
        Block block{*launch_.function, space_, launch_.parameters.data(), tally, shared_.get(), shared_bytes_, races_, launch_.grid, launch_.block, index};
        for (size_t i = 0; i < warps_.size(); i++) {
            warps_[i].begin(files_.get() + i * file_bytes_, block, static_cast<uint32_t>(i));
        }

        while (!round()) {
        }
    }

    Tally tally;

private:
    struct Aligned {
        void operator()(uint8_t* bytes) const { ::operator delete[](bytes, std::align_val_t(64)); }
    };

    const Launch& launch_;
    const Space& space_;
    std::vector<Warp> warps_;
    size_t file_bytes_;
    std::unique_ptr<uint8_t[], Aligned> files_;
    uint32_t shared_bytes_;
    std::unique_ptr<uint8_t[], Aligned> shared_;
    Races races_;
    std::vector<size_t> order_;
    std::mt19937_64 random_;

    // Each warp once, until it waits; true when all have exited.
    bool round() {
        size_t exited = 0, waiting = 0;
        bool progress = false;
        std::optional<uint32_t> barrier;
        bool agree = true;
        if (seed() != 0) {
            std::shuffle(order_.begin(), order_.end(), random_);
        }

        for (const size_t number : order_) {
            auto& warp = warps_[number];
            const auto before = warp.progress;
            const auto stop = warp.run(seed() != 0 ? 1 + random_() % ShortSlice : Slice);
            progress |= warp.progress != before;
            exited += stop == Warp::Stop::Exited;
            if (stop == Warp::Stop::Barrier) {
                waiting++;
                agree &= !barrier || *barrier == warp.barrier_id;
                barrier = warp.barrier_id;
            }
        }

        if (exited == warps_.size()) {
            return true;
        }

        // Threads that have exited are not waited for.
        if (exited + waiting == warps_.size() && agree) {
            tally.barriers++;
            races_.pass_barrier();
            for (auto& warp : warps_) {
                warp.pass_barrier();
            }
        } else if (!progress) {
            std::string where;
            for (const auto& warp : warps_) {
                where += warp.where();
            }

            throw KernelFault(719, "kernel " + launch_.function->name + ": lanes wait for others that never come:" + where);
        }

        return false;
    }
};

unsigned threads_wanted() {
    const char* setting = std::getenv("STANDIN_CUDA_THREADS");
    return setting == nullptr ? 1 : static_cast<unsigned>(std::max(1, std::atoi(setting)));
}

}

void run_grid(const Launch& launch, const Space& space) {
    const uint64_t blocks = launch.grid.volume();
    std::atomic<uint64_t> next{0};
    std::mutex lock;
    std::optional<KernelFault> failed;
    Tally sum(launch.function->code.size());
    std::vector<uint64_t> order(seed() != 0 ? blocks : 0);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), std::mt19937_64(seed()));
    const auto work = [&](uint64_t number) {
        Runner runner(launch, space, number);
        try {
            for (uint64_t turn; (turn = next++) < blocks;) {
                const uint64_t i = order.empty() ? turn : order[turn];
                runner.run({static_cast<uint32_t>(i % launch.grid.x), static_cast<uint32_t>(i / launch.grid.x % launch.grid.y), static_cast<uint32_t>(i / launch.grid.x / launch.grid.y)});
            }
        } catch (const KernelFault& e) {
            const std::lock_guard guard(lock);
            failed = failed ? failed : e;
            next = blocks;
        }

        const std::lock_guard guard(lock);
        sum.add(runner.tally);
    };
    std::vector<std::thread> others;
    for (unsigned i = 1; i < threads_wanted() && i < blocks; i++) {
        others.emplace_back(work, i);
    }

    work(0);
    for (auto& other : others) {
        other.join();
    }

    count_launch(*launch.function, blocks, blocks * launch.block.volume(), sum);
    if (failed) {
        throw *failed;
    }
}

}
