#include "drivers/postgres/fencer_client.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace cloudshelf::postgres {

Result<std::string> ask_fencer(const std::filesystem::path& socket, const std::string& command, Duration limit) {
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{.sun_family = AF_UNIX};
    const std::string path = socket;
    const auto problem = [&](const char* what) {
        auto failed = fail("postgres.fencer", fmt::format("fencer at {}: {}: {}", path, what, std::strerror(errno)));
        ::close(descriptor);
        return failed;
    };
    if (path.size() >= sizeof address.sun_path) return problem("its path is too long");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const timeval patience{.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(limit).count() + 1};
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        return problem("cannot be reached");
    const std::string line = command + "\n";
    if (::send(descriptor, line.data(), line.size(), MSG_NOSIGNAL) < 0) return problem("cannot be told");
    std::string answer;
    char buffer[1024];
    while (answer.find('\n') == std::string::npos) {
        const ssize_t count = ::recv(descriptor, buffer, sizeof buffer, 0);
        if (count <= 0) return problem("gave no answer");
        answer.append(buffer, static_cast<std::size_t>(count));
    }
    ::close(descriptor);
    answer.pop_back();
    if (answer.starts_with("ok")) return answer.size() > 3 ? answer.substr(3) : "";
    return fail("postgres.fencer-refused", answer);
}

}  // namespace cloudshelf::postgres
