#include "store/etcd_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace cloudshelf::store {
namespace {

using namespace std::chrono_literals;

std::string advertised(const EtcdMember& member, const EtcdMember::Peer& peer) {
    const std::string host = peer.host.empty() ? peer.peer.address : peer.host;
    return fmt::format("{}://{}:{}", member.tls ? "https" : "http", host, peer.peer.port);
}

std::string url(const EtcdMember& member, const io::Endpoint& endpoint) {
    return fmt::format("{}://{}", member.tls ? "https" : "http", endpoint.text());
}

bool is_name(const std::string& text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.';
    });
}

Result<void> check(const EtcdMember& member) {
    const auto bad = [&](std::string why) {
        return fail("store.bad-member", fmt::format("etcd member \"{}\": {}", member.name, why));
    };
    std::set<std::string> names;
    for (const auto& peer : member.cluster) {
        if (!is_name(peer.name)) return bad(fmt::format("\"{}\" is no name of a member", peer.name));
        if (!names.insert(peer.name).second) return bad(fmt::format("\"{}\" is in its cluster twice", peer.name));
    }
    const auto self = std::ranges::find(member.cluster, member.name, &EtcdMember::Peer::name);
    if (self == member.cluster.end()) return bad("it is not in its cluster");
    if (self->peer != member.peer) return bad("its cluster gives it another address for peers");
    if (member.cluster.size() % 2 == 0) return bad("an even number of members survives no more than one fewer would");
    if (member.data.empty() || member.cluster_token.empty()) return bad("it needs a data folder and a cluster token");
    const auto& timing = member.timing;
    if (timing.heartbeat < 1ms || timing.election < timing.heartbeat * 5 || timing.election > 50s) {
        return bad("the election timeout must be at least five heartbeats and at most 50 s");
    }
    if (member.keep_history_minutes == 0) return bad("history is kept for at least a minute");
    return {};
}

}  // namespace

EtcdTiming EtcdTiming::for_round_trip(Duration longest) {
    const auto heartbeat = std::max<Duration>(100ms, std::chrono::ceil<std::chrono::milliseconds>(longest * 3 / 2));
    return {.heartbeat = heartbeat, .election = std::min<Duration>(heartbeat * 10, 50s)};
}

EtcdTiming EtcdTiming::for_lease(Duration lease) {
    const auto election = std::clamp<Duration>(lease / 2, 300ms, 1s);
    return {.heartbeat = election / 10, .election = election};
}

Result<std::vector<std::string>> command_line(const EtcdMember& member) {
    if (const auto good = check(member); !good) return fail(good.error());
    std::string cluster;
    for (const auto& peer : member.cluster) {
        cluster += fmt::format("{}{}={}", cluster.empty() ? "" : ",", peer.name, advertised(member, peer));
    }
    std::vector<std::string> argv = {"etcd"};
    const auto add = [&](const char* flag, const std::string& value) {
        argv.push_back(fmt::format("--{}={}", flag, value));
    };
    add("name", member.name);
    add("data-dir", member.data.string());
    add("listen-client-urls", url(member, member.client));
    add("advertise-client-urls", url(member, member.client));
    add("listen-peer-urls", url(member, member.peer));
    const auto self = std::ranges::find(member.cluster, member.name, &EtcdMember::Peer::name);
    add("initial-advertise-peer-urls", advertised(member, *self));
    add("initial-cluster", cluster);
    add("initial-cluster-token", member.cluster_token);
    add("initial-cluster-state", member.joins ? "existing" : "new");
    add("heartbeat-interval", std::to_string(member.timing.heartbeat / 1ms));
    add("election-timeout", std::to_string(member.timing.election / 1ms));
    add("pre-vote", "true");  // a member that comes back does not depose a leader that is well; 3.4 has it off
    add("quota-backend-bytes", std::to_string(member.quota_bytes));
    add("auto-compaction-mode", "periodic");
    add("auto-compaction-retention", fmt::format("{}m", member.keep_history_minutes));
    add("snapshot-count", "10000");  // entries of Raft kept in memory; 3.4 keeps 100,000
    add("logger", "zap");
    add("log-outputs", member.log.empty() ? "stderr" : member.log.string());
    if (member.tls) {
        for (const std::string side : {"", "peer-"}) {
            add((side + "cert-file").c_str(), member.tls->certificate.string());
            add((side + "key-file").c_str(), member.tls->key.string());
            add((side + "trusted-ca-file").c_str(), member.tls->trusted_ca.string());
            add((side + "client-cert-auth").c_str(), "true");
        }
    }
    return argv;
}

}  // namespace cloudshelf::store
