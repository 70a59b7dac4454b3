#include "wire/lambda_runtime/call.hpp"

namespace cloudshelf::lambda_runtime {
namespace {

constexpr std::string_view runtime = "/2018-06-01/runtime/";

Call with_method(Call call, std::string_view expected, std::string_view method) {
    if (method != expected) call.kind = Call::Kind::wrong_method;
    return call;
}

}  // namespace

Call parse_call(std::string_view method, std::string_view target) {
    using Kind = Call::Kind;
    std::string_view path = target.substr(0, target.find('?'));
    if (!path.starts_with(runtime)) return {};
    path.remove_prefix(runtime.size());
    if (path == "init/error") return with_method({.kind = Kind::init_error}, "POST", method);
    if (path == "invocation/next") return with_method({.kind = Kind::next}, "GET", method);
    constexpr std::string_view invocation = "invocation/";
    if (!path.starts_with(invocation)) return {};
    path.remove_prefix(invocation.size());
    const auto slash = path.find('/');
    if (slash == 0 || slash == std::string_view::npos) return {};
    const std::string_view id = path.substr(0, slash);
    const std::string_view what = path.substr(slash + 1);
    if (what == "response") return with_method({.kind = Kind::response, .request_id = id}, "POST", method);
    if (what == "error") return with_method({.kind = Kind::error, .request_id = id}, "POST", method);
    return {};
}

}  // namespace cloudshelf::lambda_runtime
