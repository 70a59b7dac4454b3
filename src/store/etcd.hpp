#pragma once

#include "store/batcher.hpp"
#include "store/etcd_gateway.hpp"
#include "store/store.hpp"

#include <optional>

namespace cloudshelf::store {

/// What one member says of itself.
struct EtcdStatus {
    io::Endpoint endpoint = {};
    std::uint64_t id = 0;  // of the member, when it answers
    bool answers = false;
    bool leads = false;
    bool has_leader = false;
    std::uint64_t database_bytes = 0;
    std::uint64_t raft_index = 0;
    std::string version = {};
    std::string problem = {};  // why it does not answer
};

/// One member, as the cluster has it.
struct EtcdMemberInfo {
    std::uint64_t id = 0;
    std::string name;  // empty: it was added and has never been up
    std::vector<std::string> peer_urls = {};
};

/// State and journal in an etcd cluster: every answer, reads too, has the agreement of a majority.
///
/// A key's revision is etcd's `version` of it, so keys are never deleted. The journal's entry 7 is the key
/// `<journal>/00000000000000000007`, its end once more is `<journal>-head`; both are written in one transaction, which
/// two writers can never win for the same index.
class EtcdStore : public Store {
public:
    struct Options {
        EtcdGateway::Options gateway;
        /// For an append with all its repetitions: an entry whose fate is unknown is offered again, byte for byte,
        /// until it is known to be there.
        Duration append_limit = std::chrono::seconds(2);
        std::string journal = "control/journal";
    };

    EtcdStore(io::Executor executor, Options options);

    io::Task<Result<std::optional<Entry>>> get(std::string key) override;
    io::Task<Result<std::vector<KeyedEntry>>> list(std::string prefix) override;
    io::Task<Result<Changes>> changes(std::string prefix, std::uint64_t mark) override;
    /// Sent to one member after the other while each is certain not to have done it; never twice. Many at once travel
    /// together, in one transaction that holds one of its own for each.
    io::Task<Result<Swapped>> compare_and_swap(std::string key, std::uint64_t expected, std::string value) override;
    io::Task<Result<std::uint64_t>> append(
        std::uint64_t epoch, std::string execution, std::string kind, std::string data
    ) override;
    void append_only_while(std::string key, std::uint64_t term) override {
        term_ = Term{.key = std::move(key), .number = term};
    }
    io::Task<Result<void>> restore(std::vector<JournalEntry> entries) override;
    io::Task<Result<std::vector<JournalEntry>>> read(std::uint64_t from, std::size_t count) override;
    /// Of the journal as it is when this begins; what is appended meanwhile is left out.
    io::Task<Result<std::optional<JournalFault>>> verify() override;

    /// Of every member, in the order of the endpoints.
    io::Task<std::vector<EtcdStatus>> status();
    /// The members by the agreement of a majority. Errors: the gateway's.
    io::Task<Result<std::vector<EtcdMemberInfo>>> members();
    /// Takes a member away for good; its data is worth nothing afterwards. Errors: "store.failed" (no such member, or
    /// etcd refuses), the gateway's.
    io::Task<Result<void>> remove_member(std::uint64_t id);
    /// Makes room for a member at this URL, which is then started with `joins` and an empty folder. The cluster counts
    /// it from now on. Errors: as above.
    io::Task<Result<void>> add_member(std::string peer_url);
    /// Makes this member the cluster's leader, where it is up to date and another leads. Losing any other member then
    /// costs no election. Errors: "store.failed", the gateway's.
    io::Task<Result<void>> lead_from(io::Endpoint member);

private:
    /// The journal's end. `version` is etcd's, of the head's key.
    struct Head {
        std::uint64_t index = 0;
        std::string hash;
        std::uint64_t version = 0;
    };
    struct Term {
        std::string key;
        std::uint64_t number = 0;
    };
    /// One page of keys as etcd has them at a revision; 0: now.
    struct Page {
        std::vector<boost::json::object> items;
        std::uint64_t revision = 0;
    };

    struct Read {
        std::string key;
        std::size_t bytes() const { return key.size(); }
    };
    struct Swap {
        std::string key;
        std::uint64_t expected = 0;
        std::string value;
        std::size_t bytes() const { return key.size() + value.size(); }
    };

    io::Task<Result<std::vector<std::optional<Entry>>>> read_all(std::vector<Read> reads);
    io::Task<Result<std::vector<Swapped>>> swap_all(std::vector<Swap> swaps);
    std::string entry_key(std::uint64_t index) const;
    std::string head_key() const { return options_.journal + "-head"; }
    io::Task<Result<boost::json::object>> range(boost::json::object body);
    io::Task<Result<void>> put_entries(std::vector<JournalEntry> entries);
    io::Task<Result<Page>> entries_from(std::uint64_t from, std::size_t count, std::uint64_t at_revision);
    io::Task<Result<Head>> read_head(std::uint64_t at_revision);
    /// Whether the entry is there now; false: another one is, and `head_` says where the journal ends.
    io::Task<Result<bool>> offer(std::uint64_t index, std::string value, Head before, Head after);
    Result<JournalEntry> entry_of(const boost::json::object& item) const;
    static Result<Head> head_of(const boost::json::object& range);

    Options options_;
    EtcdGateway gateway_;
    Batcher<Read, std::optional<Entry>> reads_;
    Batcher<Swap, Swapped> swaps_;
    std::optional<Term> term_;  // that appending depends on
    std::optional<Head> head_;  // as last seen; a guess that the transaction proves
    std::string writer_;        // tells our entries from others' with the same content
    std::uint64_t offers_ = 0;
};

}  // namespace cloudshelf::store
