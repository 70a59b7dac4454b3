#pragma once

#include "io/channel.hpp"
#include "io/http.hpp"
#include "io/message_body.hpp"
#include "io/patience.hpp"

#include <boost/beast/core/flat_buffer.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace cloudshelf::io {

/// A client of the server: its channel, and what was read of it and not used yet.
struct Connection {
    Connection(boost::asio::ip::tcp::socket socket, std::size_t buffer_bytes_max)
        : channel(std::move(socket)), buffer(buffer_bytes_max) {}

    Channel channel;
    boost::beast::flat_buffer buffer;
};

/// What a handler reads a streamed request with. It holds the connection, so that a handler which keeps it for longer
/// than it may gets an error and nothing worse.
class IncomingBody : public BodyReader, public std::enable_shared_from_this<IncomingBody> {
public:
    struct Options {
        std::shared_ptr<Connection> connection;
        Patience patience;
        bool expects_continue = false;
    };
    IncomingBody(Options options, MessageBody<true>::Head&& head);

    Task<Result<std::string>> next() override;
    std::optional<std::uint64_t> length() const override { return body_.length(); }

    /// The handler has answered: takes the reader away from it. True when what is left is so little that reading it for
    /// nothing (`finish`) is cheaper than another connection.
    bool take_back();
    /// Reads and throws away what is left; true when the body has ended and another request may follow.
    static Task<bool> finish(std::shared_ptr<IncomingBody> self);
    /// Whether bytes that nobody has read may still be coming.
    bool left_over() const { return !body_.ended(); }

private:
    static Task<Result<std::string>> read(std::shared_ptr<IncomingBody> self);

    std::shared_ptr<Connection> connection_;
    MessageBody<true> body_;
    Patience patience_;
    bool owes_continue_;
    bool reading_ = false;
    std::optional<Error> failed_;
};

}  // namespace cloudshelf::io
