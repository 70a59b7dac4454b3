#include "region/agent/write_lease.hpp"

#include "io/background.hpp"
#include "io/log.hpp"
#include "region/agent/peer_calls.hpp"

#include <boost/json.hpp>

namespace cloudshelf::region {

namespace json = boost::json;
using namespace std::chrono_literals;

WriteLease::WriteLease(
    io::Executor executor,
    const AgentConfig& config,
    io::HttpClient& client,
    clocks::SiteClocks& clocks,
    StoreClient& store,
    Promises& promises,
    io::LeasePage page
)
    : executor_(std::move(executor)),
      config_(config),
      client_(client),
      clocks_(clocks),
      store_(store),
      promises_(promises),
      page_(std::move(page)),
      intervals_(config.data, config.region),
      sync_({.patience = config.terms.duration / 2, .degrades = config.sync_policy == SyncPolicy::degrade}) {
    if (!config_.witness) intervals_.ended_by_deadline(page_.read());
}

std::optional<Epoch> WriteLease::held() const {
    if (!holder_) return std::nullopt;
    return holder_->epoch();
}

bool WriteLease::may_write() const {
    return page_.may_write(io::now());
}

// --- the page ------------------------------------------------------------------------------------------------------

void WriteLease::show(io::WriteState state, TimePoint deadline) {
    const Epoch epoch = holder_ ? holder_->epoch() : record_ ? record_->epoch : promises_.known();
    page_.write({.state = state, .epoch = epoch, .deadline = deadline});
}

void WriteLease::show_not_held() {
    const bool elsewhere = record_->region != config_.region;
    if (!elsewhere && !record_->released && may_write() && page_.read().epoch == record_->epoch) return;
    // Released: hold what comes, it can go elsewhere in a moment.
    const io::WriteState state = record_->released ? io::WriteState::paused
                                 : elsewhere       ? io::WriteState::remote
                                                   : io::WriteState::fenced;
    show(state, io::now());
}

// --- holding it ----------------------------------------------------------------------------------------------------

io::Task<void> WriteLease::beat() {
    for (;;) {
        Duration wait = config_.terms.beat / 4;
        if (holder_) {
            tell(core::Tick{});
            wait = config_.terms.beat / 10;
        }
        co_await io::wait_for(wait);
    }
}

void WriteLease::tell(const core::LeaseEvent& event) {
    if (!holder_) return;
    holder_->use(clocks_.terms());
    for (const auto& command : holder_->step(event, io::now())) {
        if (const auto* arm = std::get_if<core::ArmFencer>(&command)) {
            show(paused_ ? io::WriteState::paused : io::WriteState::writing, arm->deadline);
            intervals_.begins(holder_->epoch());
        } else if (const auto* renewal = std::get_if<core::Renew>(&command)) {
            io::run_in_background(executor_, renew(renewal->sent_at));
            io::run_in_background(executor_, ask_promise(renewal->sent_at));
        } else if (const auto* fence = std::get_if<core::Fence>(&command)) {
            lose(fence->reason);
            return;
        }
    }
}

void WriteLease::lose(const std::string& why) {
    io::log(
        io::Level::warning, "agent.lease-lost", {{"reason", why}, {"epoch", std::to_string(holder_->epoch().value())}}
    );
    show(io::WriteState::fenced, io::now());
    end_holding();
    if (hears_of_loss_) hears_of_loss_(why);
}

void WriteLease::end_holding() {
    if (holder_) intervals_.ends(holder_->epoch());
    holder_.reset();
    paused_ = false;
    release_with_.reset();
}

io::Task<Result<void>> WriteLease::take_up(core::Sync sync) {
    TimePoint sent_at{};
    for (bool proved = false; !proved;) {
        const core::LeaseRecord next = core::taken_up(*record_, sync);
        sent_at = io::now();
        const auto stored = co_await store_.swap(revision_, next, io::Deadline::after(config_.terms.duration / 2));
        if (!stored) co_return fail(stored.error());
        record_ = next;
        revision_ = stored->revision;
        // Found there: a try of this process's, or of one before it, was stored at a time that nobody knows.
        proved = stored->outcome == core::RenewalTries::Outcome::stored_now;
    }
    sync_.opens(sync);
    holder_.emplace(record_->epoch, config_.terms);
    tell(core::RenewalStored{sent_at});
    if (!deadline()) co_return fail("agent.too-late", "the proof of the epoch came too late to be of use");
    co_return Result<void>{};
}

void WriteLease::pause() {
    paused_ = true;
    if (deadline()) show(io::WriteState::paused, *deadline());
}

void WriteLease::resume() {
    paused_ = false;
    if (deadline()) show(io::WriteState::writing, *deadline());
}

io::Task<bool> WriteLease::release(core::PromotionToken token) {
    // Released with the next change of the lease, which carries the token: no writer is left that it could hurt.
    release_with_ = std::move(token);
    for (const auto deadline = io::Deadline::after(5s); holder_ && !deadline.passed();) {
        if (!renewing_) co_await renew(io::now());
        if (record_ && record_->released) break;
        co_await io::wait_for(5ms);
    }
    end_holding();
    // Hold what comes until the lease says where it can go.
    show(io::WriteState::paused, io::now());
    co_return record_ && record_->released;
}

// --- the store and the standby -------------------------------------------------------------------------------------

io::Task<std::optional<core::LeaseRecord>> WriteLease::look() {
    const auto found = co_await store_.read();
    if (!found || !*found || holder_) co_return std::nullopt;
    saw(**found);
    co_return record_;
}

void WriteLease::saw(const StoreClient::Found& found) {
    revision_ = found.revision;
    record_ = found.record;
}

io::Task<void> WriteLease::renew(TimePoint sent_at) {
    if (renewing_ || !record_) co_return;  // one at a time: the revision of the next depends on this one's fate
    renewing_ = true;
    const core::LeaseRecord next = core::renewed(*record_, sync_.wanted(), release_with_);
    sync_.sends(next.sync);
    tries_.sends(next, sent_at);
    const auto stored = co_await store_.swap(revision_, next, io::Deadline::after(config_.terms.duration / 2));
    renewing_ = false;
    if (!is_held_at(next.epoch)) co_return;
    if (stored) {
        record_ = next;
        revision_ = stored->revision;
        sync_.stored(next.sync);
        if (!next.released) tell(core::RenewalStored{tries_.counts_from(stored->outcome)});
        co_return;
    }
    if (stored.error().code != "conflict") co_return;  // unknown, or not done: the next beat tries again
    // Somebody changed it, or an answer of ours got lost: what is there now?
    const auto found = co_await store_.read();
    if (!found || !*found || !holder_) co_return;
    saw(**found);
    if (record_->region == config_.region && record_->epoch == next.epoch) co_return;
    if (record_->region == config_.region && record_->epoch > next.epoch && record_->continues == next.epoch) {
        co_await go_on();
    } else {
        tell(core::RenewalRefused{record_->epoch});
    }
}

io::Task<void> WriteLease::go_on() {
    // Nobody else can have been promoted: the other region's promises hold, and it knows of no newer epoch than this.
    const core::LeaseRecord next = core::renewed(*record_, sync_.wanted(), std::nullopt);
    if (!promises_.learn(next.epoch, core::Whose::ours)) co_return;
    renewing_ = true;
    const TimePoint sent_at = io::now();
    sync_.sends(next.sync);
    const auto stored = co_await store_.swap(revision_, next, io::Deadline::after(config_.terms.duration / 2));
    renewing_ = false;
    // Where the answer is lost, or the lease ran out meanwhile, the region resumes as one that was started again. Found
    // there: it was stored nobody knows when, and the next beat proves it anew.
    if (!stored || stored->outcome == core::RenewalTries::Outcome::found_there) co_return;
    if (!next.continues || !is_held_at(*next.continues)) co_return;
    io::log(io::Level::warning, "agent.goes-on", {{"epoch", std::to_string(next.epoch.value())}});
    end_holding();
    record_ = next;
    revision_ = stored->revision;
    sync_.stored(next.sync);
    holder_.emplace(next.epoch, config_.terms);
    tell(core::RenewalStored{sent_at});
}

io::Task<void> WriteLease::ask_promise(TimePoint sent_at) {
    if (asking_ || !config_.peer || !holder_) co_return;
    asking_ = true;
    const Epoch epoch = holder_->epoch();
    const json::object body{
        {"application", config_.application},
        {"region", config_.region.value()},
        {"epoch", epoch.value()},
        {"duration_ms", config_.terms.duration / 1ms}
    };
    auto request = post("/v1/promise", config_.site_token, body);
    const auto answer =
        co_await client_.send(config_.peer->agent, std::move(request), io::Deadline::after(config_.terms.duration / 2));
    asking_ = false;
    if (!answer || !is_held_at(epoch)) co_return;
    if (answer->status == 200) {
        tell(core::PromiseGranted{sent_at});
    } else if (answer->status == 409) {
        boost::system::error_code bad;
        const json::value value = json::parse(answer->body, bad);
        const auto* known = bad || !value.is_object() ? nullptr : value.as_object().if_contains("epoch");
        if (known && known->is_number()) tell(core::PromiseRefused{Epoch(json::value_to<std::uint64_t>(*known))});
    }
}

}  // namespace cloudshelf::region
