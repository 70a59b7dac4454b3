// The farm's listeners: thousands of addresses on one loop, and as little work for an answer as there can be, since the
// farm takes its time from the same processors as the controllers that are measured.
#include "cli/control_farm.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <functional>
#include <memory>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace cloudshelf::cli {
namespace {

using Answer = std::function<FarmAnswer(int application, int site, std::string_view path, std::string_view body)>;

class FarmServer {
public:
    FarmServer(Answer answer, std::atomic<std::uint64_t>& answers)
        : answer_(std::move(answer)), answers_(answers), loop_(::epoll_create1(EPOLL_CLOEXEC)) {}

    bool listen(const io::Endpoint& endpoint, int application, int site, io::TlsContext* tls) {
        sockaddr_in at{.sin_family = AF_INET, .sin_port = htons(endpoint.port)};
        ::inet_pton(AF_INET, endpoint.address.c_str(), &at.sin_addr);
        const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        const int yes = 1;
        ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (::bind(listener, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 || ::listen(listener, 512) != 0)
            return false;
        place(listener) = {.application = application, .site = site, .listens = true, .tls = tls};
        watch(listener, EPOLLIN);
        return true;
    }

    void run() {
        std::array<epoll_event, 256> events;
        for (;;) {
            const int count = ::epoll_wait(loop_, events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < count; ++i) {
                const auto& event = events[static_cast<std::size_t>(i)];
                const int ready = event.data.fd;
                if (place(ready).listens) {
                    accept_at(ready);
                } else if (!serve(ready, event.events)) {
                    end(ready);
                }
            }
        }
    }

private:
    struct Place {
        int application = 0;
        int site = 0;
        bool listens = false;
        io::TlsContext* tls = nullptr;
        io::TlsSession session = nullptr;
        std::string unread = {};
    };

    Place& place(int descriptor) {
        const auto index = static_cast<std::size_t>(descriptor);
        if (index >= places_.size()) places_.resize(index + 256);
        return places_[index];
    }

    void watch(int descriptor, std::uint32_t what) const {
        epoll_event event{.events = what, .data = {.fd = descriptor}};
        ::epoll_ctl(loop_, EPOLL_CTL_ADD, descriptor, &event);
    }

    void accept_at(int listener) {
        for (int made; (made = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
            place(made);  // may move them all
            const Place& at = place(listener);
            place(made) = {.application = at.application, .site = at.site, .tls = at.tls};
            // On edges: what a silent one does not read must not wake us again and again.
            watch(made, EPOLLIN | EPOLLRDHUP | EPOLLET);
        }
    }

    void end(int descriptor) {
        place(descriptor) = {};
        ::close(descriptor);
    }

    /// False when the connection is over.
    bool serve(int descriptor, std::uint32_t events) {
        if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) return false;
        Place& connection = place(descriptor);
        const auto& known = FarmState::shared().applications[static_cast<std::size_t>(connection.application)];
        if (known.silent_since[static_cast<std::size_t>(connection.site)] != 0) return true;
        if (connection.tls != nullptr && connection.session == nullptr) begin_tls(connection, descriptor);
        std::array<char, 8192> buffer;
        for (;;) {
            const auto got = read(connection, descriptor, buffer);
            if (got == 0) return false;
            if (got < 0) return true;
            connection.unread.append(buffer.data(), static_cast<std::size_t>(got));
            if (!answer_all(connection, descriptor)) return false;
            if (connection.session == nullptr && static_cast<std::size_t>(got) < buffer.size()) return true;
        }
    }

    static void begin_tls(Place& connection, int descriptor) {
        connection.session = connection.tls->accepting();
        ::SSL_set_fd(connection.session.get(), descriptor);
        ::SSL_set_accept_state(connection.session.get());
        ::SSL_set_read_ahead(connection.session.get(), 1);
    }

    /// Bytes read; 0: the end; below 0: none now.
    static ssize_t read(Place& connection, int descriptor, std::array<char, 8192>& buffer) {
        if (connection.session == nullptr) {
            const auto got = ::recv(descriptor, buffer.data(), buffer.size(), MSG_DONTWAIT);
            return got < 0 && errno != EAGAIN && errno != EINTR ? 0 : got;
        }
        ::ERR_clear_error();
        const int got = ::SSL_read(connection.session.get(), buffer.data(), static_cast<int>(buffer.size()));
        if (got > 0) return got;
        return ::SSL_get_error(connection.session.get(), got) == SSL_ERROR_WANT_READ ? -1 : 0;
    }

    bool answer_all(Place& connection, int descriptor) {
        for (;;) {
            const std::string_view unread = connection.unread;
            const auto end_of_head = unread.find("\r\n\r\n");
            if (end_of_head == std::string_view::npos) return true;
            const auto head = unread.substr(0, end_of_head + 2);
            std::size_t length = 0;
            static constexpr std::string_view length_field = "\r\nContent-Length: ";
            if (const auto at = head.find(length_field); at != std::string_view::npos)
                std::from_chars(head.data() + at + length_field.size(), head.data() + head.size(), length);
            const std::size_t whole = end_of_head + 4 + length;
            if (unread.size() < whole) return true;
            const auto from = head.find(' ') + 1;
            const auto path = head.substr(from, head.find(' ', from) - from);
            const bool last = head.contains("onnection: close");
            const auto answer =
                answer_(connection.application, connection.site, path, unread.substr(end_of_head + 4, length));
            answers_.fetch_add(1, std::memory_order_relaxed);
            const std::string out = fmt::format(
                "HTTP/1.1 {} Answer\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                answer.status,
                answer.body.size(),
                answer.body
            );
            connection.unread.erase(0, whole);
            if (!send(connection, descriptor, out) || last) return false;
        }
    }

    static bool send(Place& connection, int descriptor, const std::string& out) {
        if (connection.session != nullptr)
            return ::SSL_write(connection.session.get(), out.data(), static_cast<int>(out.size())) > 0;
        return ::send(descriptor, out.data(), out.size(), MSG_DONTWAIT | MSG_NOSIGNAL) ==
               static_cast<ssize_t>(out.size());
    }

    Answer answer_;
    std::atomic<std::uint64_t>& answers_;
    int loop_;
    std::vector<Place> places_;  // by descriptor
};

}  // namespace

void run_farm_agents(const Farm& farm) {
    FarmServer server(
        [&](int application, int site, std::string_view path, std::string_view body) {
            return agent_answer(farm, application, site, path, body);
        },
        FarmState::shared().agent_answers
    );
    std::vector<std::shared_ptr<io::TlsContext>> contexts;
    for (int site = 0; site < farm_sites; ++site) {
        auto tls = io::TlsContext::open({.identity = farm.identities[static_cast<std::size_t>(site)]});
        if (!tls) return;
        contexts.push_back(std::move(*tls));
        for (int i = 0; i < farm.applications; ++i) {
            if (!server.listen(farm.agent(i, site), i, site, contexts.back().get())) return;
        }
    }
    server.run();
}

void run_farm_gateways(const Farm& farm, int site) {
    FarmServer server(
        [&](int application, int at, std::string_view path, std::string_view) {
            return gateway_answer(farm, application, at, path);
        },
        FarmState::shared().gateway_answers
    );
    for (int i = 0; i < farm.applications; ++i) {
        if (!server.listen(farm.gateway(i, site), i, site, nullptr)) return;
    }
    server.run();
}

}  // namespace cloudshelf::cli
