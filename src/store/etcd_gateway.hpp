#pragma once

#include "base/result.hpp"
#include "io/http.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <vector>

namespace cloudshelf::store {

/// Calls to an etcd cluster through its members' JSON gateway: POST with a JSON body to the path of the v3 API
/// (https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/). int64 come and go as texts, fields that are zero are left
/// out, keys and values are base64. Version tried: 3.4.23.
class EtcdGateway {
public:
    struct Options {
        std::vector<io::Endpoint> endpoints;  // of every member, for clients
        /// For one member's answer. A dead machine costs this once: who answered last is asked first. Longer than the
        /// disk's worst fsync, or answers to what was stored get lost.
        Duration try_limit = std::chrono::milliseconds(500);
        io::HttpClient::Options http = {.body_bytes_max = 64 << 20};
    };

    EtcdGateway(io::Executor executor, Options options);

    /// Whether a call does no harm when it is carried out twice, so that after a lost answer another member is asked.
    enum class Repeatable : bool { no, yes };
    /// Asks one member after the other until one answers; each at most once. A member without a leader refuses before
    /// it does anything, and costs next to nothing.
    /// Errors: "store.unreachable", "store.no-quorum", "store.failed" (not_done), "store.disk-full", "store.no-answer"
    /// (unknown); unknown as soon as one member may have done it.
    io::Task<Result<boost::json::object>> call(std::string path, boost::json::object body, Repeatable repeatable);

    /// Asks this member alone, whether it has a leader or not.
    io::Task<Result<boost::json::object>> ask(io::Endpoint member, std::string path, boost::json::object body);

    const std::vector<io::Endpoint>& endpoints() const { return options_.endpoints; }

private:
    io::Task<Result<boost::json::object>> send(io::Endpoint member, io::HttpRequest request);

    Options options_;
    io::HttpClient client_;
    std::size_t preferred_ = 0;  // who answered last
};

/// What a member's answer says. Exposed for its tests.
Result<boost::json::object> read_etcd_answer(const std::string& member, const io::HttpResponse& answer);

/// An int64 of an answer: a text of digits, or not there when it is zero.
std::uint64_t etcd_number(const boost::json::object& object, std::string_view field);

}  // namespace cloudshelf::store
